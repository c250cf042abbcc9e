-- SPDX-License-Identifier: BSD-2-Clause
-- Metatables: every operator, index chains, inheritance, __call, __close, __gc order within a closed state, __name.
local V = {}
V.__index = V
local function vec(x, y) return setmetatable({ x = x, y = y }, V) end
V.__add = function(a, b) return vec(a.x + b.x, a.y + b.y) end
V.__sub = function(a, b) return vec(a.x - b.x, a.y - b.y) end
V.__mul = function(a, b) return type(a) == "number" and vec(a * b.x, a * b.y) or type(b) == "number" and vec(a.x * b, a.y * b) or a.x * b.x + a.y * b.y end
V.__div = function(a, b) return vec(a.x / b, a.y / b) end
V.__idiv = function(a, b) return vec(a.x // b, a.y // b) end
V.__mod = function(a, b) return vec(a.x % b, a.y % b) end
V.__pow = function(a, b) return a.x ^ b + a.y ^ b end
V.__unm = function(a) return vec(-a.x, -a.y) end
V.__band = function(a, b) return vec(a.x & b, a.y & b) end
V.__bor = function(a, b) return vec(a.x | b, a.y | b) end
V.__bxor = function(a, b) return vec(a.x ~ b, a.y ~ b) end
V.__shl = function(a, b) return vec(a.x << b, a.y << b) end
V.__shr = function(a, b) return vec(a.x >> b, a.y >> b) end
V.__bnot = function(a) return vec(~a.x, ~a.y) end
V.__eq = function(a, b) return a.x == b.x and a.y == b.y end
V.__lt = function(a, b) return a.x < b.x end
V.__le = function(a, b) return a.x <= b.x end
V.__len = function(a) return a.x * a.x + a.y * a.y end
V.__concat = function(a, b) return tostring(a) .. "&" .. tostring(b) end
V.__call = function(self, k) return self[k] end
V.__tostring = function(a) return "(" .. a.x .. "," .. a.y .. ")" end
local a, b = vec(6, 4), vec(1, 2)
for _, v in ipairs { a + b, a - b, a * 2, 2 * b, a / 2, a // 4, a % 4, -a, a & 4, a | 1, a ~ 7, a << 2, a >> 1, ~b } do io.write(tostring(v), " ") end
print(a * b, b ^ 3, #a, a == vec(6, 4), a ~= b, a < b, a <= b, a > b, a("x"), a .. b, a .. "s")

local Animal = { sound = "..." }
Animal.__index = Animal
function Animal.new(class, name) return setmetatable({ name = name }, class) end
function Animal:speak() return self.name .. " says " .. self.sound end
local Dog = setmetatable({ sound = "woof" }, { __index = Animal })
Dog.__index = Dog
local Puppy = setmetatable({}, { __index = Dog })
Puppy.__index = function(_, k) return k == "sound" and "yip" or Puppy[k] or Dog[k] end
print(Animal:new("cat"):speak(), Dog:new("rex"):speak(), Animal.new(Puppy, "bit"):speak())

local log = {}
local proxy = setmetatable({}, {
  __index = function(_, k) log[#log + 1] = "get " .. k; return k .. "!" end,
  __newindex = function(_, k, v) log[#log + 1] = "set " .. k .. "=" .. tostring(v) end,
  __pairs = function() return function(_, i) i = (i or 0) + 1; if i <= 3 then return i, i * i end end, nil, nil end,
})
proxy.a = 1
local _ = proxy.b
for k, v in pairs(proxy) do log[#log + 1] = k .. ":" .. v end
print(table.concat(log, "; "))

do
  local first <close> = setmetatable({}, { __close = function(_, e) print("closed first", e) end })
  local second <close> = setmetatable({}, { __close = function() print("closed second") end })
  local constant <const> = 10
  print("in block", constant)
end
print(pcall(function()
  local _ <close> = setmetatable({}, { __close = function(_, e) print("closing with", e) end })
  error("thrown", 0)
end))
print(getmetatable("").__index == string, pcall(setmetatable, setmetatable({}, { __metatable = "locked" }), {}))
local default = setmetatable({}, { __index = function(t, k) local v = k * 2; rawset(t, k, v); return v end })
local sum = 0
for i = 1, 1000 do sum = sum + default[i] end
for i = 1, 1000 do sum = sum + default[i] end
print(sum)
