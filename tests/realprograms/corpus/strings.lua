-- SPDX-License-Identifier: BSD-2-Clause
-- Strings: patterns, captures, gsub with functions and tables, format, pack, long strings, interning.
print(("hello world"):upper(), ("abc"):rep(3, "-"), ("abc"):reverse(), #("x"):rep(100000))
print(("key = value"):match("^(%w+)%s*=%s*(%w+)$"))
print(("2024-02-29T12:34:56"):match("(%d+)-(%d+)-(%d+)T(%d+):(%d+):(%d+)"))
print(("one;two;;four"):gsub(";;", ";nil;"))
print(("$name is $age"):gsub("%$(%w+)", { name = "Lua", age = 30 }))
print(("abc"):gsub("%w", function(c) return c:byte() .. "," end))
print(("f(a(b)c)d"):match("%b()"), ("THE (quick) fox"):find("%((%a+)%)"))
print(("  trim me  "):gsub("^%s*(.-)%s*$", "%1"))
print(string.format("%5d|%-5d|%05d|%+d|%x|%X|%o|%c", 42, 42, 42, 42, 255, 255, 8, 65))
print(string.format("%.3f|%10.2e|%g|%g|%a", math.pi, 12345.678, 1e20, 0.1, 0.5))
print(string.format("%q", 'a "quoted"\n\0string\\'), string.format("%s %s %s", nil, true, 1.5))
print(string.format("%-10s|%10s|%.2s", "left", "right", "cut"))
print(string.format("%q %q %q", 1 / 3, math.mininteger, math.huge))
print(("%d"):format(3.0), pcall(string.format, "%d", 3.5))
print(string.byte("ABC", 1, -1), string.char(72, 105))
local packed = string.pack("<i4 >I2 z s1 d", -2, 65535, "zero", "counted", 1.25)
print(#packed, string.unpack("<i4 >I2 z s1 d", packed))
print(packed:byte(1, 6))
local parts = {}
for i = 1, 2000 do parts[i] = tostring(i % 10) end
local long = table.concat(parts)
local count = 0
for _ in long:gmatch("12") do count = count + 1 end
print(#long, count, long:sub(-12), long:find("90", 1000, true))
local s = ""
for i = 1, 300 do s = s .. string.char(97 + i % 26) end
print(s:sub(1, 30), #s, s < "m", "a" .. 1 .. 2.0)
print(tostring(1e15), tostring(1e100), tostring(-0.0), 0x7fffffffffffffff, tonumber("0x1p4"), tonumber("zz", 36))
print(tonumber("10", 2), tonumber("  12  "), tonumber("1e1"), tonumber("abc"), math.tointeger("8"))
print(("x"):rep(0) == "", ("a,b,c"):find(",", 3, true), ("äöü"):len())
