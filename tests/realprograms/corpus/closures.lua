-- SPDX-License-Identifier: BSD-2-Clause
-- Closures, upvalues, goto, varargs, integer and float loops, tail calls, recursion, load, bit operations.
local function counter() local n = 0; return function() n = n + 1; return n end, function() return n end end
local inc, get = counter()
for _ = 1, 100 do inc() end
print(get(), inc())
local closures = {}
for i = 1, 5 do closures[i] = function() i = i + 10; return i end end
print(closures[1](), closures[1](), closures[2](), closures[5]())

local function compose(f, ...) local rest = { ... }; if #rest == 0 then return f end; local g = compose(table.unpack(rest)); return function(...) return f(g(...)) end end
print(compose(function(x) return x + 1 end, function(x) return x * 2 end, math.abs)(-21))
local function curry(f, n, ...) local args = table.pack(...); if n == 0 then return f(table.unpack(args, 1, args.n)) end; return function(x) return curry(f, n - 1, table.unpack(args, 1, args.n), x) end end
local memo = setmetatable({}, { __mode = "k" })
local function fib(n) if n < 2 then return n end; return fib(n - 1) + fib(n - 2) end
print(fib(22), curry(function(a) return a end, 1)(5), memo ~= nil)

local function loop(n, acc) if n == 0 then return acc end; return loop(n - 1, acc + n) end
print(loop(200000, 0))
local function ackermann(m, n) if m == 0 then return n + 1 elseif n == 0 then return ackermann(m - 1, 1) else return ackermann(m - 1, ackermann(m, n - 1)) end end
print(ackermann(2, 60))

local primes, i = {}, 1
::continue::
i = i + 1
for _, p in ipairs(primes) do
  if p * p > i then break end
  if i % p == 0 then goto continue end
end
primes[#primes + 1] = i
if #primes < 50 then goto continue end
print(table.concat(primes, ",", 40))

local function variadic(...) local a, b = ...; return select("#", ...), a, b, (select(-1, ...)) end
print(variadic(1, nil, 3), variadic("only", "two"))
for x = 1, 0 do print("never", x) end
for x = 10, 1, -4 do io.write(x, " ") end
for x = 1.0, 2.0, 0.25 do io.write(x, " ") end
for x = math.maxinteger - 1, math.maxinteger do io.write(x, " ") end
print(pcall(function() for x = 1, 10, 0 do print(x) end end))
print(7 // 2, -7 // 2, 7 % -3, -7 % 3, 7.5 // 2, 2 ^ 0.5, 1 / 0, -1 / 0, 0 / 0 ~= 0 / 0, 3 | 4, 6 & 3, 5 ~ 1, ~0, 1 << 62, -1 >> 60)
print(math.maxinteger + 1 == math.mininteger, math.type(1), math.type(1.0), math.type("1"), 1 == 1.0, math.ult(1, -1))
print(math.floor(-3.5), math.ceil(3.2), math.fmod(-7, 3), math.max(3, 9, 2), math.min(4, -4), math.abs(-8), math.tointeger(3.0))
print(load("local a, b = ...; return a * b")(6, 7), load(function() end) ~= nil, load("return _ENV.x", "c", "t", { x = "env" })())
local dumped = string.dump(function(x) return x * x end)
print(load(dumped, "dumped", "b")(12))
repeat local done = true; until done
local s = 0
for a = 1, 300 do for b = 1, 300 do if (a ~ b) & 1 == 0 then s = s + a * b end end end
print(s)
local _ENV = { print = print }
x = 5
print(x, _ENV.x)
