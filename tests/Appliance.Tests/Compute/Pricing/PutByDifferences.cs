namespace Appliance.Tests.Compute;

/// <summary>
/// An American put by finite differences, whatever the shape of its exercise region: ln S on an even grid, the second-order backward formula in time, each step's complementarity problem solved by policy
/// iteration (Reisinger and Witte, SIAM Journal on Financial Mathematics 3 (2012)), so that exercise may end at any number of boundaries. Two grids and Richardson's extrapolation.
/// </summary>
internal static class PutByDifferences
{
    public static double Price(double spot, double strike, double years, double rate, double yield, double volatility, int points) =>
        (4 * Once(spot, strike, years, rate, yield, volatility, 2 * points) - Once(spot, strike, years, rate, yield, volatility, points)) / 3;

    private static double Once(double spot, double strike, double years, double rate, double yield, double volatility, int points)
    {
        // Spot and strike are both points of the grid, which reaches seven deviations and the drift beyond either.
        double distance = Math.Log(strike / spot), reach = 7 * volatility * Math.Sqrt(years) + Math.Abs(rate - yield - 0.5 * volatility * volatility) * years + Math.Abs(distance);
        double h = 2 * reach / points;
        if (Math.Abs(distance) > 0) h = Math.Abs(distance) / Math.Max(1, Math.Round(Math.Abs(distance) / h));
        int half = (int)Math.Ceiling(reach / h), count = 2 * half + 1, steps = points / 2;
        double dt = years / steps, diffusion = 0.5 * volatility * volatility, drift = rate - yield - diffusion;
        double down = diffusion / (h * h) - drift / (2 * h), up = diffusion / (h * h) + drift / (2 * h);
        double[] payoff = new double[count], now = new double[count], before = new double[count], right = new double[count], slope = new double[count], value = new double[count];
        bool[] exercised = new bool[count];
        for (int i = 0; i < count; i++)
        {
            double s = spot * Math.Exp((i - half) * h);
            payoff[i] = strike - s;
            now[i] = Math.Max(0, payoff[i]);
        }
        // The kink's cell holds its average.
        int kink = half + (int)Math.Round(distance / h);
        now[kink] += strike * h / 8;
        for (int step = 1; step <= steps; step++)
        {
            // The first step is the simple backward one.
            double weight = step == 1 ? 1 : 1.5;
            for (int i = 0; i < count; i++) right[i] = step == 1 ? now[i] : 2 * now[i] - 0.5 * before[i];
            double t = step * dt;
            for (int policy = 0; policy < 50; policy++)
            {
                // Far out the put is worth nothing; deep in the money it is the forward, which pays more than exercise where rates are below zero.
                double low = strike * Math.Exp(-rate * t) - spot * Math.Exp(-half * h - yield * t);
                (slope[0], value[0]) = (0, Math.Max(low, payoff[0]));
                for (int i = 1; i < count - 1; i++)
                {
                    if (exercised[i])
                    {
                        (slope[i], value[i]) = (0, payoff[i]);
                        continue;
                    }
                    double pivot = weight + dt * (down + up + rate) - dt * down * slope[i - 1];
                    slope[i] = dt * up / pivot;
                    value[i] = (right[i] + dt * down * value[i - 1]) / pivot;
                }
                value[count - 1] = 0;
                bool changed = false;
                for (int i = count - 2; i >= 1; i--) value[i] += slope[i] * value[i + 1];
                for (int i = 1; i < count - 1; i++)
                {
                    double left = (weight + dt * (down + up + rate)) * value[i] - dt * down * value[i - 1] - dt * up * value[i + 1] - right[i];
                    bool exercise = payoff[i] > 0 && value[i] - payoff[i] < left;
                    changed |= exercise != exercised[i];
                    exercised[i] = exercise;
                }
                if (!changed) break;
            }
            (before, now, value) = (now, value, before);
        }
        return now[half];
    }
}
