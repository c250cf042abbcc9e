-- SPDX-License-Identifier: BSD-2-Clause
-- Integers, floats, strings, booleans, functions, enumerators and NULL on their way through the interpreter.
local out = {}
local function show(...) out[#out + 1] = table.concat({ ... }, " ") end
for i = -20, 20 do
  local f = i / 8
  show(i // 7 | 0, i % 7, f // 0.5, f % 3, math.tointeger(f) or "none", i < f and "less" or "not", tostring(f == i))
end
show(0x7fffffffffffffff // -1, math.mininteger // -1, math.mininteger % -1, 5.5 // 0, -5 % math.huge, 2 ^ 63)
for _, text in ipairs({ "0x10", "1e300", " 12 ", "0x1p-3", "nan", "", "9223372036854775808", "-0" }) do
  show(text, tostring(tonumber(text)), tostring(tonumber(text, 16)))
end
show("\u{41}\u{e9}\u{20ac}\u{1F600}", ("x"):rep(100), ("a\0b"):len())
local meta = { __add = function(a, b) return "added" end, __index = function(t, k) return k .. "?" end,
  __lt = function() return true end, __len = function() return 7 end, __concat = function() return "joined" end }
local object = setmetatable({}, meta)
show(object + 1, 1.5 + object, object.missing, tostring(object < object), #object, object .. "text")
show(pcall(function() return 1 + {} end) and "?" or "error", pcall(string.rep) and "?" or "error")
show(select(2, pcall(error, "message", 2)), tostring(select(2, pcall(error))))
local list = {}
for i = 1, 40 do list[i] = (i * 37) % 41 end
table.sort(list)
show(table.concat(list, ","), table.unpack(list, 1, 3))
show(string.format("%d %5.2f %s %q %x", 42, 3.14159, "text", "quoted\n", 255), ("abc"):byte(-1), ("%d"):format(3.0))
local function deep(n) return n == 0 and 0 or 1 + deep(n - 1) end
show(deep(200), math.type(1), math.type(1.0), tostring(math.type("1")))
print((table.concat(out, "\n"):gsub("0x%x%x%x%x%x+", "address")))
