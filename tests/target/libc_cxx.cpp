// C++ without exceptions and without its library: what the language itself asks of the runtime.
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <kiln.h>
#include "tap.h"

static char order[20];

static void note(char c)
{
    order[strlen(order)] = c;
}

class Shape
{
  public:
    virtual ~Shape()
    {
        note('~');
    }
    virtual int area() const = 0;
};

class Square : public Shape
{
  public:
    explicit Square(int side) : side(side)
    {
    }
    ~Square() override
    {
        note('S');
    }
    int area() const override
    {
        return side * side;
    }

  private:
    int side;
};

struct Global {
    int value;
    Global() : value(42)
    {
        note('g');
    }
    ~Global()
    {
        bool right = strcmp(order, "gmlS~d") == 0;

        tap_check(right, "constructors, main, destructors in this order");
        if (!right)
            printf("# got %s\n", order);
        fflush(stdout);
        _Exit(tap_done());
    }
};
static Global global;

struct Local {
    Local()
    {
        note('l');
    }
};

static Local &local()
{
    static Local made;
    return made;
}

struct alignas(128) Aligned {
    char bytes[200];
};

template <typename T> static T largest(const T *numbers, size_t count)
{
    T found = numbers[0];

    for (size_t i = 1; i < count; i++)
        found = numbers[i] > found ? numbers[i] : found;
    return found;
}

static thread_local int counter = 5;

static void test_memory()
{
    Shape *shape = new Square(7);
    int *numbers = new int[100]();
    Aligned *aligned = new Aligned;

    TAP_EQUAL(shape->area(), 49);
    TAP_EQUAL(largest(numbers, 100), 0);
    numbers[50] = 3;
    TAP_EQUAL(largest(numbers, 100), 3);
    TAP_EQUAL((uintptr_t)aligned % 128, 0);
    delete shape;
    delete[] numbers;
    delete aligned;
}

int main()
{
    auto twice = [](int n) { return 2 * n; };

    note('m');
    TAP_EQUAL(global.value, 42);
    local();
    local();
    test_memory();
    TAP_EQUAL(twice(counter), 10);
    tap_check(kiln_time_now() > 0, "Kiln's functions are callable");
    atexit([] { note('d'); });
    return 0;
}
