-- SPDX-License-Identifier: BSD-2-Clause
-- Coroutines: generators, symmetric hand-over, errors inside, yield across pcall and metamethods, close, wrap.
local function range(n) return coroutine.wrap(function() for i = 1, n do coroutine.yield(i) end end) end
local sum = 0
for i in range(3000) do sum = sum + i end
print(sum)

local function primes()
  local function filter(p, source) return coroutine.wrap(function() for n in source do if n % p ~= 0 then coroutine.yield(n) end end end) end
  local source = coroutine.wrap(function() local i = 2; while true do coroutine.yield(i); i = i + 1 end end)
  return coroutine.wrap(function() while true do local p = source(); coroutine.yield(p); source = filter(p, source) end end)
end
local next_prime, found = primes(), {}
for i = 1, 40 do found[i] = next_prime() end
print(table.concat(found, " "))

local co = coroutine.create(function(a, b)
  local c = coroutine.yield(a + b)
  local d, e = coroutine.yield(a * c)
  return d .. e, "end"
end)
print(coroutine.resume(co, 2, 3))
print(coroutine.resume(co, 10))
print(coroutine.status(co), coroutine.resume(co, "x", "y"))
print(coroutine.status(co), coroutine.resume(co))

local failing = coroutine.create(function() local ok, e = pcall(function() coroutine.yield("inside pcall"); error({ code = 7 }) end); coroutine.yield(ok, e.code); error("last", 0) end)
print(coroutine.resume(failing))
print(coroutine.resume(failing))
print(coroutine.resume(failing))
print(coroutine.status(failing))

local meta = setmetatable({}, { __add = function(a, b) return coroutine.yield("add") end, __index = function(_, k) return coroutine.yield("index " .. k) end })
local step = coroutine.wrap(function() local x = meta + 1; local y = meta.field; return x, y end)
print(step(), step(5), step(6))

local tasks, trace = {}, {}
for id = 1, 4 do
  tasks[id] = coroutine.create(function() for turn = 1, id do trace[#trace + 1] = id .. "." .. turn; coroutine.yield() end end)
end
while #tasks > 0 do
  for i = #tasks, 1, -1 do
    coroutine.resume(tasks[i])
    if coroutine.status(tasks[i]) == "dead" then table.remove(tasks, i) end
  end
end
print(table.concat(trace, " "))

local held = coroutine.create(function() local _ <close> = setmetatable({}, { __close = function() print("closed by coroutine.close") end }); coroutine.yield() end)
coroutine.resume(held)
print(coroutine.close(held), coroutine.status(held))
print(coroutine.isyieldable(), coroutine.running() ~= nil, pcall(coroutine.wrap(function() error("wrapped", 0) end)))
local deep = coroutine.wrap(function() local function down(n) if n == 0 then coroutine.yield("bottom") return 0 end return 1 + down(n - 1) end return down(5000) end)
print(deep(), deep())
for _ = 1, 2000 do local c = coroutine.create(function() coroutine.yield() end); coroutine.resume(c) end
print(pcall(coroutine.resume, coroutine.running()))
