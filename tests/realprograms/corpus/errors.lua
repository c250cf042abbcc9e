-- SPDX-License-Identifier: BSD-2-Clause
-- Errors: longjmp through many C and Lua frames, handlers, tracebacks, stack overflow, errors in errors.
print(pcall(error, "plain"), pcall(error), pcall(error, nil), pcall(error, { 1 }) == false)
print(select(2, pcall(function() local x = nil; return x.field end)))
print(select(2, pcall(function() return 1 + {} end)))
print(select(2, pcall(function() return #5 end)))
print(select(2, pcall(function() return {} < {} end)))
print(select(2, pcall(function() return "a" < 1 end)))
print(select(2, pcall(function() undefined_function() end)))
print(select(2, pcall(function() local t = {}; t[nil] = 1 end)))
print(select(2, pcall(function() return 1 // 0 end)), select(2, pcall(function() return 1 % 0 end)))
print(select(2, pcall(function() return 2 ^ 53 | 0.5 end)))
print(select(2, pcall(string.rep, "x", -1)), select(2, pcall(string.rep)))
print(select(2, pcall(setmetatable, 1, {})))
print(select(2, pcall(error, "level 1", 1)), select(2, pcall(function() error("level 2", 2) end)))
print(xpcall(function() error("handled", 0) end, function(m) return "<" .. m .. ">" end))
print(xpcall(function(...) return select("#", ...), ... end, print, 1, nil, 3))

local depth = 0
local function nest(n)
  if n == 0 then error({ depth = depth }) end
  depth = depth + 1
  local ok, e = pcall(nest, n - 1)
  if not ok then error(e) end
end
local ok, e = pcall(nest, 150)
print(ok, e.depth)

local caught = 0
for i = 1, 20000 do
  if not pcall(error, i) then caught = caught + 1 end
end
print(caught)

local function overflow() return 1 + overflow() end
local fine, message = pcall(overflow)
print(fine, (message:gsub("\n.*", "")))
local sorted = pcall(table.sort, { 3, 1, 2 }, function() error("from compare") end)
print(sorted, select(2, pcall(string.gsub, "abc", "%w", function(c) if c == "b" then error("from gsub", 0) end end)))
print((select(2, pcall(load, function() error("from reader", 0) end))))
print(load("x ="), load("return 1 +", "chunk"), load("goto nowhere", "=text"))
local trace = debug.traceback("trace", 1)
print((trace:gsub("[^\n]*%[C%][^\n]*", "C frame")))
print(select(2, xpcall(function() error("again", 0) end, function(m) return m .. " in handler" end)))
print(pcall(assert, false), pcall(assert, nil, "message"), pcall(assert, 1, 2, 3))
local strict = setmetatable({}, { __index = function(_, k) error("no " .. k, 2) end })
print(pcall(function() return strict.missing end))
