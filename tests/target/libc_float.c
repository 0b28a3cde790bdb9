/*
 * Floating point in printf, scanf and the registers. The C library prints the shortest digits that
 * give the number back, at most 17, and zeros beyond them.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "gives.h"

static void test_fixed(void)
{
    GIVES("0.000000 -0.000000 1.000000 -1.500000", "%f %f %f %f", 0.0, -0.0, 1.0, -1.5);
    GIVES("3 3.1 3.14 3.14159 3.14159265", "%.0f %.1f %.2f %.5f %.8f", M_PI, M_PI, M_PI, M_PI,
          M_PI);
    GIVES("123456789.125000", "%f", 123456789.125);
    GIVES("[  1.50] [1.50  ] [001.50] [+1.50]", "[%6.2f] [%-6.2f] [%06.2f] [%+.2f]", 1.5, 1.5, 1.5,
          1.5);
    GIVES("10.00", "%.2f", 9.999);
    GIVES("0.1000000000", "%.10f", 0.1);
}

static void test_exponents(void)
{
    GIVES("1.000000e+00 1.234560e+05 -1.000000e-10", "%e %e %e", 1.0, 123456.0, -1e-10);
    GIVES("1.8E+308 2.2e-308", "%.1E %.1e", DBL_MAX, DBL_MIN);
    GIVES("5e-324", "%.0e", 5e-324);
    GIVES("1 0.1 100000 1e+06 1e-05 0.0001", "%g %g %g %g %g %g", 1.0, 0.1, 100000.0, 1e6, 1e-5,
          1e-4);
    GIVES("0.1", "%.15g", 0.1);
    GIVES("3.14159265358979", "%.15g", M_PI);
}

static void test_special(void)
{
    GIVES("inf -inf INF", "%f %f %F", (double)INFINITY, -(double)INFINITY, (double)INFINITY);
    GIVES("nan NAN", "%f %E", (double)NAN, (double)NAN);
}

static void test_reading(void)
{
    double value = 0;
    float small = 0;

    TAP_EQUAL(sscanf("3.25 -1e3", "%lf %f", &value, &small), 2);
    tap_check(value == 3.25 && small == -1000.0f, "%lf and %f read");
    tap_check(strtod("0.1", NULL) == 0.1, "strtod 0.1");
    tap_check(strtod("1.7976931348623157e308", NULL) == DBL_MAX, "strtod DBL_MAX");
    tap_check(strtod("4.9406564584124654e-324", NULL) == 5e-324, "strtod the least number");
    tap_check(isinf(strtod("1e999", NULL)), "strtod beyond DBL_MAX");
}

/* Each printed with 17 digits and read back is the same number. */
static void test_round_trip(void)
{
    unsigned long long bits = 1;
    unsigned wrong = 0, count = 0;

    for (unsigned i = 0; i < 500; i++) {
        double number, again;

        bits = bits * 6364136223846793005u + 1442695040888963407u;
        memcpy(&number, &bits, sizeof(number));
        if (!isfinite(number))
            continue;
        snprintf(text, sizeof(text), "%.17g", number);
        again = strtod(text, NULL);
        count++;
        wrong += memcmp(&again, &number, sizeof(number)) != 0;
    }
    tap_check(wrong == 0 && count > 450, "numbers come back from their digits");
}

static void test_functions(void)
{
    volatile double two = 2;

    tap_check(sqrt(two) == M_SQRT2, "sqrt(2)");
    tap_check(fabs(sin(M_PI / 6) - 0.5) < 1e-15, "sin(pi / 6)");
    tap_check(fabs(pow(two, 0.5) - M_SQRT2) < 1e-15, "pow(2, 0.5)");
    tap_check(fabs(exp(log(10)) - 10) < 1e-14, "exp(log(10))");
}

int main(void)
{
    test_fixed();
    test_exponents();
    test_special();
    test_reading();
    test_round_trip();
    test_functions();
    return tap_done();
}
