// SPDX-License-Identifier: BSD-2-Clause
// C++: virtual methods, several bases, templates, lambdas, namespaces, objects built before main().
// Functions are named as in the source, demangled; "this" is an argument like others.
// EXPECT {"function":"shapes::area_of","args":{"n":1},"value":12.5,"count":1,"calls":2}
// EXPECT {"function":"shapes::box::area","value":12.5,"calls":1}
// EXPECT {"function":"shapes::disc::area","value":3.0,"calls":1}
// EXPECT {"function":"shapes::disc::name","calls":1}
// EXPECT {"function":"largest<int>","args":{"a":3,"b":4},"value":4,"calls":1}
// EXPECT {"function":"largest<double>","args":{"a":4.5,"b":3.5},"value":4.5,"calls":1}
// EXPECT {"function":"call","args":{"x":40},"value":42,"calls":1}
// EXPECT {"function":"(anonymous namespace)::hidden","args":{"x":8},"value":9,"calls":1}
// What runs before main, run does not trace: registry::registry and its own call of registry::add.
// EXPECT {"function":"registry::registry","calls":1,"exit":"any","missing_ok":true}
// EXPECT {"function":"registry::add","calls":{"least":2,"most":3}}
// EXPECT {"function":"operator+","calls":1}
// EXPECT {"function":"by_value","calls":1}
// EXPECT {"function":"by_reference","calls":1}
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "check.h"

namespace shapes
{
struct shape {
	virtual ~shape() = default;
	virtual double area() const = 0;
};

struct named {
	virtual ~named() = default;
	virtual std::string name() const
	{
		return "nobody";
	}
};

struct box : shape {
	double width, height;
	box(double width, double height) : width(width), height(height)
	{
	}
	EXACT double area() const override
	{
		TOUCH();
		return width * height;
	}
};

/* The second base makes a thunk for name(). */
struct disc : shape, named {
	double radius;
	explicit disc(double radius) : radius(radius)
	{
	}
	EXACT double area() const override
	{
		TOUCH();
		return 3 * radius * radius;
	}
	EXACT std::string name() const override
	{
		TOUCH();
		return "disc";
	}
};

EXACT double area_of(const shape &s, int n)
{
	TOUCH();
	return s.area() * n;
}
} // namespace shapes

template <typename T> EXACT T largest(T a, T b)
{
	TOUCH();
	return a > b ? a : b;
}

EXACT int call(const std::function<int(int)> &f, int x)
{
	TOUCH();
	return f(x);
}

namespace
{
EXACT int hidden(int x)
{
	TOUCH();
	return x + 1;
}
} // namespace

struct registry {
	std::vector<std::string> names;
	EXACT registry()
	{
		add("first");
	}
	EXACT void add(const std::string &name)
	{
		names.push_back(name);
	}
};

static registry the_registry;

struct money {
	long cents;
	money(long cents) : cents(cents)
	{
	}
	money(const money &) = default;
	EXACT friend money operator+(const money &a, const money &b)
	{
		TOUCH();
		return money(a.cents + b.cents);
	}
};

/* Not trivially copyable: passed and returned by a hidden pointer. */
EXACT std::string by_value(std::string s)
{
	TOUCH();
	return s + "!";
}

EXACT int &by_reference(int &n)
{
	n++;
	TOUCH();
	return n;
}

int main()
{
	std::vector<std::unique_ptr<shapes::shape>> all;
	int offset = HIDE(2), n = HIDE(5);

	all.emplace_back(new shapes::box(2.5, 5.0));
	all.emplace_back(new shapes::disc(1.0));
	CHECK(shapes::area_of(*all[0], HIDE(1)) == 12.5);
	CHECK(shapes::area_of(*all[1], HIDE(2)) == 6.0);
	CHECK(dynamic_cast<shapes::named &>(*all[1]).name() == "disc");
	CHECK(largest(HIDE(3), 4) == 4);
	CHECK(largest(HIDE(4.5), 3.5) == 4.5);
	CHECK(call([offset](int x) { return x + offset; }, HIDE(40)) == 42);
	CHECK(hidden(HIDE(8)) == 9);
	the_registry.add("second");
	the_registry.add("third");
	CHECK(the_registry.names.size() == 3 && the_registry.names[0] == "first");
	CHECK((money(HIDE(40L)) + money(2)).cents == 42);
	CHECK(by_value("hello") == "hello!");
	CHECK(&by_reference(n) == &n && n == 6);
	FINISH("objects");
}
