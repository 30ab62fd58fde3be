using Appliance.Lab.Specification;

namespace Appliance.Lab.Certificates;

/// <summary>
/// How an objective looks from the end of the dynamic programme over accrued loss: a function f of the whole loss less a free number t, whose least expectation V(−t) is known for every t after one
/// backward pass, and the last step from V to the risk.
/// <para>cvar, mean-cvar: f(y) = (1 − w) y + w y⁺/(1 − level), risk = min over t of t + V(−t). std-dev: f = y², risk = √ min V(−t), since Var L = min E(L − t)².
/// mean-variance: E L + (a/2)Var L = min over t of (a/2)E(L − t + 1/a)² + t − 1/(2a). mean-std: with sd = min over s of Var/(2s) + s/2, the least over s of mean-variance at a = k/s, plus ks/2.
/// expectile: f(y) = τy⁺ − (1 − τ)y⁻, risk the t at which V(−t) = 0. power: f(y) = −U(w0 − y), risk = w0 − U⁻¹(−V(0)).</para>
/// </summary>
internal readonly struct TerminalLoss(ObjectiveSpecification objective)
{
    /// <summary>Whether f bends far out, so that rows go on by a parabola instead of a line.</summary>
    public bool IsCurved => objective.Kind is ObjectiveKind.StdDev or ObjectiveKind.MeanVariance or ObjectiveKind.MeanStd or ObjectiveKind.Power;

    public double Of(double y) => objective.Kind switch
    {
        ObjectiveKind.Cvar => Math.Max(y, 0) / (1 - objective.Level),
        ObjectiveKind.MeanCvar => (1 - objective.Weight) * y + objective.Weight * Math.Max(y, 0) / (1 - objective.Level),
        ObjectiveKind.Expectile => y > 0 ? objective.Tau * y : (1 - objective.Tau) * y,
        ObjectiveKind.Power => -Utility(objective.Wealth - y),
        _ => y * y,
    };

    /// <param name="value">V(x): least expected f of x plus the loss.</param>
    /// <param name="low">Least and greatest x at which V is known well.</param>
    public double Risk(Func<double, double> value, double low, double high)
    {
        var o = objective;
        switch (o.Kind)
        {
            case ObjectiveKind.Cvar or ObjectiveKind.MeanCvar: return Least(x => -x + value(x), low, high);
            case ObjectiveKind.StdDev: return Math.Sqrt(Math.Max(0, Least(value, low, high)));
            case ObjectiveKind.MeanVariance: return MeanVariance(value, low, high, o.RiskAversion);
            case ObjectiveKind.MeanStd:
                double least = Math.Sqrt(Math.Max(1e-300, Least(value, low, high)));
                return Least(logS => MeanVariance(value, low, high, o.K / Math.Exp(logS)) + 0.5 * o.K * Math.Exp(logS), Math.Log(least), Math.Log(least) + 2);
            case ObjectiveKind.Expectile:
                (double a, double b) = (low, high);
                for (int i = 0; i < 200; i++)
                {
                    double middle = 0.5 * (a + b);
                    if (value(middle) > 0) b = middle;
                    else a = middle;
                }
                return -0.5 * (a + b);
            case ObjectiveKind.Power:
                double utility = -value(0), gamma = o.RiskAversion;
                return o.Wealth - (Math.Abs(gamma - 1) < 1e-12 ? Math.Exp(utility) : Math.Pow((1 - gamma) * utility, 1 / (1 - gamma)));
            default: throw new ArgumentException($"The loss programme does not know {o.Kind}.", nameof(value));
        }
    }

    private static double MeanVariance(Func<double, double> value, double low, double high, double a) => Least(x => 0.5 * a * value(x) + 1 / a - x - 0.5 / a, low, high);

    private double Utility(double wealth) =>
        wealth <= 0 ? -1e100 : Math.Abs(objective.RiskAversion - 1) < 1e-12 ? Math.Log(wealth) : Math.Pow(wealth, 1 - objective.RiskAversion) / (1 - objective.RiskAversion);

    /// <summary>Golden section on a convex function.</summary>
    private static double Least(Func<double, double> f, double low, double high)
    {
        const double Ratio = 0.6180339887498949;
        double a = low, b = high, c = b - Ratio * (b - a), d = a + Ratio * (b - a), fc = f(c), fd = f(d);
        for (int i = 0; i < 90; i++)
        {
            if (fc < fd)
            {
                (b, d, fd) = (d, c, fc);
                c = b - Ratio * (b - a);
                fc = f(c);
            }
            else
            {
                (a, c, fc) = (c, d, fd);
                d = a + Ratio * (b - a);
                fd = f(d);
            }
        }
        return Math.Min(fc, fd);
    }
}
