-- SPDX-License-Identifier: BSD-2-Clause
-- Integer keys of every kind, most of them not in the array part of a table.
local squares = {}
for i = -2000, 2000 do squares[i] = i * i end
local sum = 0
for i = -2500, 2500 do sum = sum + (rawget(squares, i) or 1) end
for i = 1, 300 do
  local triples = {}
  for j = 10, 1, -1 do triples[j * 3] = j end
  sum = sum + #triples
  for _, value in ipairs(triples) do sum = sum + value end
end
local names = { [math.maxinteger] = "largest", [math.mininteger] = "least", [0] = "zero", [2.0 ^ 40] = "large" }
print(sum, names[math.maxinteger], names[math.mininteger], names[0], names[1 << 40], squares[2001])
