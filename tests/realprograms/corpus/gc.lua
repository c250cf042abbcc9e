-- SPDX-License-Identifier: BSD-2-Clause
-- Collector: weak tables, ephemerons, finalizers, resurrection, both modes, steps, lots of garbage.
local function full() collectgarbage(); collectgarbage() end
local weak = setmetatable({}, { __mode = "v" })
for i = 1, 100 do weak[i] = { i } end
local kept = { weak[10], weak[20] }
full()
local alive = 0
for _ in pairs(weak) do alive = alive + 1 end
print(alive, kept[1][1], kept[2][1])

local ephemeron = setmetatable({}, { __mode = "k" })
do
  local key = {}
  ephemeron[key] = { key }
  print(next(ephemeron) ~= nil)
end
full()
print(next(ephemeron))

local order = {}
for i = 1, 5 do setmetatable({}, { __gc = function() order[#order + 1] = i end }) end
full()
print(table.concat(order, " "))

local saved
do
  setmetatable({ name = "phoenix" }, { __gc = function(o) saved = o end })
end
full()
print(saved and saved.name)

for _, mode in ipairs { "generational", "incremental" } do
  collectgarbage(mode)
  local ring, sum = {}, 0
  for i = 1, 60000 do
    ring[i % 500] = { i, tostring(i), function() return i end }
    if i % 1000 == 0 then sum = sum + ring[i % 500][3]() end
  end
  print(mode, sum)
end
full()
local before = collectgarbage("count")
local big = {}
for i = 1, 10000 do big[i] = { i } end
print(collectgarbage("count") > before, #big)
big = nil
full()
print(collectgarbage("count") < before + 200)
collectgarbage("stop")
print(collectgarbage("isrunning"))
collectgarbage("restart")
print(collectgarbage("isrunning"), collectgarbage("step", 1000) ~= nil)
local strings = {}
for i = 1, 5000 do strings[i % 50] = ("s"):rep(i % 300) .. i end
print(#strings[49])
setmetatable({}, { __gc = function() print("finalizer at exit") end })
