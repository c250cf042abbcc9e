-- SPDX-License-Identifier: BSD-2-Clause
-- The utf8 library: lengths, offsets, code points, iteration, invalid and lax sequences.
local text = "aé漢𝄞z"
print(#text, utf8.len(text), utf8.codepoint(text, 1, -1))
for position, code in utf8.codes(text) do io.write(position, ":", string.format("U+%04X", code), " ") end
print()
print(utf8.char(72, 228, 0x6F22, 0x1D11E), utf8.charpattern == "[\0-\x7F\xC2-\xFD][\x80-\xBF]*")
for i = -5, 6 do io.write(tostring(utf8.offset(text, i)), " ") end
print()
print(utf8.len("\xff\xfe"), utf8.len("ab\x80"), utf8.len("é", 2), pcall(utf8.codepoint, "\xf4\x90\x80\x80"))
print(pcall(function() for _ in utf8.codes("a\xffb") do end end))
print(utf8.len("\u{7FFFFFFF}", 1, -1, true), #utf8.char(0x7FFFFFFF), utf8.codepoint("\u{200000}", 1, 1, true))
local characters = {}
for c in ("naïve café ☃"):gmatch(utf8.charpattern) do characters[#characters + 1] = c end
print(#characters, table.concat(characters, "|"))
local reversed = {}
for _, code in utf8.codes("reversed → text") do table.insert(reversed, 1, utf8.char(code)) end
print(table.concat(reversed))
print(pcall(utf8.char, -1), utf8.len(""), utf8.len("abc", 4), pcall(utf8.len, "abc", 6))
local all = {}
for code = 0x20, 0x2fff, 7 do all[#all + 1] = utf8.char(code) end
local joined = table.concat(all)
print(#joined, utf8.len(joined), utf8.codepoint(joined, utf8.offset(joined, 1000)))
print(#"\u{48}\x49\74\z
      end", "line\
break", [==[long ]] string]==])
