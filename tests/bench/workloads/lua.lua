-- SPDX-License-Identifier: BSD-2-Clause
-- A bit of everything that the interpreter does; the argument scales it.
local scale = tonumber(arg[1]) or 10
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
local check = 0
for round = 1, scale do
  check = check + fib(18)
  local t = {}
  for i = 1, 6000 do t[i] = (i * 7919) % 6007 end
  table.sort(t)
  check = check + t[1234]
  local words = {}
  for w in (("lorem ipsum dolor sit amet "):rep(200)):gmatch("%a+") do words[w] = (words[w] or 0) + 1 end
  check = check + words.dolor
  local parts = {}
  for i = 1, 1500 do parts[#parts + 1] = string.format("%d:%s", i, tostring(i / 3)) end
  check = check + #table.concat(parts)
  local object = setmetatable({}, { __index = function(_, k) return k end, __add = function(_, b) return b end })
  for i = 1, 8000 do check = check + object[i] % 3 + (object + i) % 2 end
  local generator = coroutine.wrap(function() for i = 1, 3000 do coroutine.yield(i) end return 0 end)
  for _ = 1, 3000 do check = check + generator() % 5 end
  for i = 1, 1500 do if not pcall(error, i) then check = check + 1 end end
end
print(check)
