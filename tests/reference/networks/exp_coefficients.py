"""Computes the polynomial of e^x in Appliance.Kernels/Networks/ActivationLanes.cs from the function's definition; needs mpmath.

(e^r - 1 - r) / r^2 on |r| <= ln 2 / 2, as the polynomial of degree 4 through the function at Chebyshev points (near minimax) in 50 digits, coefficients rounded to floats.
Prints them, the highest power first, and the largest relative error of the whole in exact arithmetic.
"""
from mpmath import mp, mpf, exp, log, cos, pi, matrix, lu_solve, factorial
import struct

mp.dps = 50
DEGREE = 4
HALF = log(mpf(2)) / 2


def single(a):
    return mpf(struct.unpack("<f", struct.pack("<f", float(a)))[0])


def tail(r):
    return sum(r ** k / factorial(k + 2) for k in range(30))


n = DEGREE + 1
xs = [HALF * cos(pi * (2 * i + 1) / (2 * n)) for i in range(n)]
m, y = matrix(n, n), matrix(n, 1)
for i, x in enumerate(xs):
    y[i] = tail(x)
    for j in range(n):
        m[i, j] = x ** j
c = [single(a) for a in lu_solve(m, y)]
worst = mpf(0)
for i in range(4001):
    r = HALF * (mpf(i) / 2000 - 1)
    p = mpf(0)
    for a in reversed(c):
        p = p * r + a
    worst = max(worst, abs((1 + r + r * r * p) / exp(r) - 1))
print(f"// relative error {mp.nstr(worst, 3)}")
print(", ".join(f"{float(a)!r}" for a in reversed(c)))
