-- SPDX-License-Identifier: BSD-2-Clause
-- io and os: temporary files, seek, lines, formats, buffering, popen, errors, load from file, require, date.
local name = os.tmpname()
local file <close> = assert(io.open(name, "w+b"))
print(io.type(file), io.type(io.stdout), io.type(42))
file:setvbuf("full", 1024)
for i = 1, 500 do file:write(i, " ", i / 4, " line\n") end
print(file:seek("cur") == file:seek("end"), file:seek("set"))
print(file:read("n", "n", "l"))
print(file:read("L"), file:read(5), file:read(0))
local count, sum = 0, 0
for line in file:lines() do count = count + 1; sum = sum + #line end
print(count, sum, file:read("a"), file:read("l"))
for a, b in io.lines(name, "n", 1) do if a > 3 then break end io.write(a, "[", b, "] ") end
print()
local missing, message, code = io.open("/nonexistent/file")
print(missing, message, code)
print(pcall(io.lines, "/nonexistent/file"))
local out = assert(io.open(name, "w"))
out:write("return { answer = 42, ... }")
out:close()
print(pcall(out.write, out, "closed"), io.type(out))
print(dofile(name).answer, loadfile(name)("argument")[1])
local pipe = io.popen("printf 'from a child\\n'; exit 3")
print(pipe:read("a"), pipe:close())
print(os.execute("exit 7"))
print(os.getenv("OTRACE_NO_SUCH_VARIABLE"), os.time({ year = 2001, month = 9, day = 9, hour = 12 }) > 0)
print(os.date("!%Y-%m-%d %H:%M:%S", 1000000000), os.date("!*t", 86399).hour, os.difftime(10, 4))
print(os.remove(name), (select(3, os.remove(name))))
print(pcall(require, "no.such.module") == false, package.loaded.string == string, #package.searchers)
package.preload.made = function(n) return { name = n } end
print(require("made").name, require("made") == require("made"))
io.stdout:write("direct ", 1, " ", 2.5, "\n"):flush()
io.stderr:write("to standard error\n")
os.exit(5, true)
