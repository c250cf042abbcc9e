-- SPDX-License-Identifier: BSD-2-Clause
-- The same with fewer calls, for comparing each of them with gdb.
local squares = {}
for i = -300, 300 do squares[i] = i * i end
local sum = 0
for i = -400, 400 do sum = sum + (rawget(squares, i) or 1) end
for i = 1, 20 do
  local triples = {}
  for j = 10, 1, -1 do triples[j * 3] = j end
  sum = sum + #triples
  for _, value in ipairs(triples) do sum = sum + value end
end
local names = { [math.maxinteger] = "largest", [math.mininteger] = "least", [0] = "zero", [2.0 ^ 40] = "large" }
for key, name in pairs(names) do names[key] = name .. "!" end
print(sum, names[math.maxinteger], names[math.mininteger], names[0], names[1 << 40], squares[2001])
