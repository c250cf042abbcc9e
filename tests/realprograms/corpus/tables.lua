-- SPDX-License-Identifier: BSD-2-Clause
-- Tables: array and hash parts, growth, holes, removal, next/pairs order by sorting, table library.
local function show(t)
  local keys = {}
  for k in pairs(t) do keys[#keys + 1] = k end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  local out = {}
  for i, k in ipairs(keys) do out[i] = tostring(k) .. "=" .. tostring(t[k]) end
  return "{" .. table.concat(out, ", ") .. "}"
end

local t = {}
for i = 1, 5000 do t[i] = i * i end
for i = 5000, 1, -7 do t[i] = nil end
local sum, count = 0, 0
for _, v in pairs(t) do sum, count = sum + v, count + 1 end
print(count, sum)

local mixed = { 1, 2, 3, x = "a", y = "b", [1.5] = "float", [true] = "bool", [-1] = "negative" }
mixed.x = nil
mixed[4] = "four"
print(#mixed, show(mixed))

local words = {}
for w in ("the quick brown fox jumps over the lazy dog the end"):gmatch("%a+") do
  words[w] = (words[w] or 0) + 1
end
print(show(words))

local list = {}
for i = 1, 20 do table.insert(list, 1, i) end
table.insert(list, 10, "middle")
print(table.remove(list), table.remove(list, 1), table.concat(list, " "))
print(table.unpack({ 1, 2, 3, nil, 5 }, 1, 5))
print(select("#", table.unpack({}, 1, 100)))
print(table.concat(table.move({ 1, 2, 3, 4, 5 }, 2, 5, 1), ","), table.pack(1, nil, 3).n)
print(next({}), rawlen({ 1, 2 }), rawequal(t, t), rawget(mixed, "y"))

local matrix = {}
for i = 1, 60 do
  matrix[i] = {}
  for j = 1, 60 do matrix[i][j] = (i * j) % 17 end
end
local trace = 0
for i = 1, 60 do
  for j = 1, 60 do trace = trace + matrix[i][j] * matrix[j][i] end
end
print(trace)
