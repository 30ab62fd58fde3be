"""Heston and Bates prices in 30 digits, from the characteristic function by two integrals (Heston's own form) on the real line; shares nothing with the implementation."""
from mpmath import mp, mpf, mpc, exp, log, sqrt, quad, pi, inf

mp.dps = 30


def phi(u, t, kappa, theta, xi, rho, v0, lam=0, jm=0, js=0):
    """E exp(iu ln(S_T/F)): the branch-safe form of Albrecher et al. 2007."""
    i = mpc(0, 1)
    b = kappa - rho * xi * i * u
    d = sqrt(b * b + xi * xi * (u * u + i * u))
    g = (b - d) / (b + d)
    e = exp(-d * t)
    value = kappa * theta / xi ** 2 * ((b - d) * t - 2 * log((1 - g * e) / (1 - g))) + v0 * (b - d) / xi ** 2 * (1 - e) / (1 - g * e)
    if lam:
        value += lam * t * (exp(i * u * jm - js * js * u * u / 2) - 1 - i * u * (exp(jm + js * js / 2) - 1))
    return exp(value)


def price(w, s, k, t, r, q, kappa, theta, xi, rho, v0, lam=0, jm=0, js=0):
    a = [mpf(x) for x in (t, kappa, theta, xi, rho, v0, lam, jm, js)]
    s, k, t, r, q = (mpf(x) for x in (s, k, t, r, q))
    x = log(s / k) + (r - q) * t
    i = mpc(0, 1)
    top = mpf(1)
    while abs(phi(top, *a)) > mpf(10) ** -25:
        top *= 1.5
    cuts = [0] + [top * (n + 1) / 40 for n in range(40)]
    cuts = [0, top / 3000, top / 1000, top / 300, top / 100] + cuts[1:]
    p1 = quad(lambda u: (exp(i * u * x) * phi(u - i, *a) / (i * u)).real, [mpf(10) ** -25] + cuts[1:]) / pi + mpf(1) / 2
    p2 = quad(lambda u: (exp(i * u * x) * phi(u, *a) / (i * u)).real, [mpf(10) ** -25] + cuts[1:]) / pi + mpf(1) / 2
    call = s * exp(-q * t) * p1 - k * exp(-r * t) * p2
    return call if w > 0 else call - s * exp(-q * t) + k * exp(-r * t)


if __name__ == "__main__":
    print(price(1, 85.15, 64.69, 8.084931506849315, 0.0585, 0.064, 0.266, 0.0322, 1.012, -0.685, 0.1063, 0.763, 0.084, 0.238))
