-- SPDX-License-Identifier: BSD-2-Clause
-- Sorting and searching: table.sort with and without comparison, a stable merge sort, heaps, binary search.
local state = 12345
local function random(n) state = (state * 1103515245 + 12345) % 2147483648; return state % n + 1 end
local function check(t, less)
  for i = 2, #t do if less(t[i], t[i - 1]) then return "unsorted at " .. i end end
  return "sorted"
end
local numbers = {}
for i = 1, 3000 do numbers[i] = random(100000) end
table.sort(numbers)
print(check(numbers, function(a, b) return a < b end), numbers[1], numbers[1500], numbers[3000])
table.sort(numbers, function(a, b) return a > b end)
print(check(numbers, function(a, b) return a > b end), numbers[1])
local words = {}
for i = 1, 500 do words[i] = string.char(96 + random(26), 96 + random(26), 96 + random(26)) end
table.sort(words)
print(table.concat(words, "", 1, 10), table.concat(words, "", 491, 500))

local function merge_sort(t, less)
  if #t <= 1 then return t end
  local middle, left, right = #t // 2, {}, {}
  for i = 1, middle do left[i] = t[i] end
  for i = middle + 1, #t do right[i - middle] = t[i] end
  left, right = merge_sort(left, less), merge_sort(right, less)
  local i, j, out = 1, 1, {}
  while i <= #left or j <= #right do
    if j > #right or (i <= #left and not less(right[j], left[i])) then out[#out + 1] = left[i]; i = i + 1
    else out[#out + 1] = right[j]; j = j + 1 end
  end
  return out
end
local records = {}
for i = 1, 800 do records[i] = { key = random(20), order = i } end
local stable, sorted = true, merge_sort(records, function(a, b) return a.key < b.key end)
for i = 2, #sorted do
  if sorted[i].key == sorted[i - 1].key and sorted[i].order < sorted[i - 1].order then stable = false end
end
print(check(sorted, function(a, b) return a.key < b.key end), stable)

local heap = {}
local function push(v)
  heap[#heap + 1] = v
  local i = #heap
  while i > 1 and heap[i] < heap[i // 2] do heap[i], heap[i // 2] = heap[i // 2], heap[i]; i = i // 2 end
end
local function pop()
  local top = heap[1]
  heap[1] = heap[#heap]
  heap[#heap] = nil
  local i = 1
  while true do
    local c = 2 * i
    if c > #heap then break end
    if c < #heap and heap[c + 1] < heap[c] then c = c + 1 end
    if heap[i] <= heap[c] then break end
    heap[i], heap[c] = heap[c], heap[i]
    i = c
  end
  return top
end
for _ = 1, 1000 do push(random(1000000)) end
local last, ascending = -1, true
for _ = 1, 1000 do local v = pop(); ascending = ascending and v >= last; last = v end
print(ascending, last, #heap)
print(pcall(table.sort, { 1, "x", 2 }))
print(pcall(table.sort, { 5, 3, 8, 1, 9, 2, 7 }, function() return true end))
