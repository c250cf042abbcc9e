-- SPDX-License-Identifier: BSD-2-Clause
-- Small whole programs: a JSON round trip, N queens, a calculator, Game of Life, a word count, a linear system.
local function encode(v)
  if type(v) == "table" then
    local out = {}
    if #v > 0 then for i, x in ipairs(v) do out[i] = encode(x) end return "[" .. table.concat(out, ",") .. "]" end
    local keys = {}
    for k in pairs(v) do keys[#keys + 1] = k end
    table.sort(keys)
    for i, k in ipairs(keys) do out[i] = ("%q:%s"):format(k, encode(v[k])) end
    return "{" .. table.concat(out, ",") .. "}"
  end
  return type(v) == "string" and ("%q"):format(v) or tostring(v)
end
local function decode(s)
  local at = 1
  local value
  local function skip() at = s:find("%S", at) or #s + 1 end
  local function list(close, item)
    at = at + 1
    skip()
    while s:sub(at, at) ~= close do
      item()
      skip()
      if s:sub(at, at) == "," then at = at + 1 skip() elseif s:sub(at, at) ~= close then error("expected , or " .. close .. " at " .. at, 0) end
    end
    at = at + 1
  end
  function value()
    skip()
    local c = s:sub(at, at)
    if c == "[" then local t = {} list("]", function() t[#t + 1] = value() end) return t end
    if c == "{" then local t = {} list("}", function() local k = value() skip() at = at + 1 t[k] = value() end) return t end
    if c == '"' then local from, to = s:find('^"[^"]*"', at) at = to + 1 return s:sub(from + 1, to - 1) end
    local word = s:match("^[%w.+-]+", at)
    if not word then error("unexpected " .. c .. " at " .. at, 0) end
    at = at + #word
    if word == "true" then return true elseif word == "false" then return false end
    return tonumber(word) or error("bad word " .. word, 0)
  end
  return value()
end
local document = { name = "otrace", numbers = { 1, 2.5, -3 }, nested = { deep = { { x = 1 }, { x = 2 } } }, yes = true }
local text = encode(document)
print(text)
for _ = 1, 200 do assert(encode(decode(text)) == text) end
print(pcall(decode, '{"a": [1, 2'), pcall(decode, "[1 2]"))

local function queens(n)
  local count, columns, up, down = 0, {}, {}, {}
  local function place(row)
    if row > n then count = count + 1 return end
    for c = 1, n do
      if not (columns[c] or up[row + c] or down[row - c]) then
        columns[c], up[row + c], down[row - c] = true, true, true
        place(row + 1)
        columns[c], up[row + c], down[row - c] = nil, nil, nil
      end
    end
  end
  place(1)
  return count
end
print(queens(6), queens(7))

local function calculate(expression)
  local tokens, i = {}, 1
  for number, operator in expression:gmatch("([%d.]*)([-+*/^()]?)") do
    if number ~= "" then tokens[#tokens + 1] = tonumber(number) end
    if operator ~= "" then tokens[#tokens + 1] = operator end
  end
  local sum
  local function atom()
    local t = tokens[i]
    i = i + 1
    if t == "(" then local v = sum() i = i + 1 return v end
    if t == "-" then return -atom() end
    return t
  end
  local function power() local v = atom() if tokens[i] == "^" then i = i + 1 return v ^ power() end return v end
  local function product()
    local v = power()
    while tokens[i] == "*" or tokens[i] == "/" do
      local operator = tokens[i]
      i = i + 1
      if operator == "*" then v = v * power() else v = v / power() end
    end
    return v
  end
  function sum()
    local v = product()
    while tokens[i] == "+" or tokens[i] == "-" do
      local operator = tokens[i]
      i = i + 1
      if operator == "+" then v = v + product() else v = v - product() end
    end
    return v
  end
  return sum()
end
print(calculate("1+2*3"), calculate("(1+2)*3-4/2"), calculate("2^3^2"), calculate("-(2+3)*-4"))

local size, cells = 24, {}
for _, p in ipairs { { 1, 2 }, { 2, 3 }, { 3, 1 }, { 3, 2 }, { 3, 3 }, { 10, 10 }, { 10, 11 }, { 10, 12 } } do cells[p[1] * size + p[2]] = true end
for _ = 1, 40 do
  local counts, fresh = {}, {}
  for cell in pairs(cells) do
    local y, x = cell // size, cell % size
    for dy = -1, 1 do for dx = -1, 1 do
      if dy ~= 0 or dx ~= 0 then
        local n = (y + dy) % size * size + (x + dx) % size
        counts[n] = (counts[n] or 0) + 1
      end
    end end
  end
  for cell, n in pairs(counts) do if n == 3 or (n == 2 and cells[cell]) then fresh[cell] = true end end
  cells = fresh
end
local alive = {}
for cell in pairs(cells) do alive[#alive + 1] = cell end
table.sort(alive)
print(table.concat(alive, " "))

local n = 12
local a = {}
for i = 1, n do
  a[i] = {}
  for j = 1, n do a[i][j] = 1 / (i + j) + (i == j and 1 or 0) end
  a[i][n + 1] = i
end
for i = 1, n do
  for k = i + 1, n do
    local f = a[k][i] / a[i][i]
    for j = i, n + 1 do a[k][j] = a[k][j] - f * a[i][j] end
  end
end
for i = n, 1, -1 do
  for j = i + 1, n do a[i][n + 1] = a[i][n + 1] - a[i][j] * a[j][n + 1] end
  a[i][n + 1] = a[i][n + 1] / a[i][i]
end
for i = 1, n do io.write(("%.6f "):format(a[i][n + 1])) end
print()
