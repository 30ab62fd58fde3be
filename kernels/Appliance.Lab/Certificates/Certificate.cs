using Appliance.Lab.Costs;
using Appliance.Lab.Specification;

namespace Appliance.Lab.Certificates;

/// <summary>The exact optimum of a problem, or why there is none.</summary>
/// <param name="Risk">Least risk over all policies; NaN where none is available.</param>
/// <param name="NoHedge">Risk of not hedging on the same grid, where the programme knows it; else NaN.</param>
/// <param name="GridError">How far the figure may be off: the change from a grid about half as fine, twice that for the entropic programme and on trees.</param>
/// <param name="Method">Which programme, or why none.</param>
public sealed record CertificateResult(double Risk, double NoHedge, double GridError, string Method)
{
    public bool IsAvailable => !double.IsNaN(Risk);
    public static CertificateResult None(string why) => new(double.NaN, double.NaN, double.NaN, "none: " + why);
}

/// <summary>Chooses and runs the programme that a specification asks for.</summary>
public static class Certificate
{
    public static CertificateResult Compute(LabSpecification s, bool quick = false) => s.Certificate switch
    {
        CertificateKind.None => CertificateResult.None("the specification asks for none"),
        _ when WhyNot(s) is { } why => CertificateResult.None(why),
        CertificateKind.LinearProgramme => new CertificateResult(TreeLinearProgramme.Solve(s), double.NaN, 1e-9 * s.Market.Spots[0], "linear programme over the tree of paths"),
        _ when s.Objective.Kind == ObjectiveKind.Entropic => Entropic(s, quick),
        _ => Loss(s, quick),
    };

    /// <summary>Why a specification has no certificate of the kind it asks for; null when it has.</summary>
    public static string? WhyNot(LabSpecification s)
    {
        if (s.Certificate == CertificateKind.None) return null;
        if (s.Hedges.Count != 1 || s.Hedges[0].Instrument != HedgeKind.Spot) return "certificates know one hedge, the underlying itself";
        if (!SpotLattice.Knows(s.Market.Model)) return $"certificates know gbm, merton, kou and trinomial, not {s.Market.Model}: the others are not Markov in the price alone";
        if (s.Market.Spots.Count != 1) return "certificates know one underlying";
        if (s.Certificate != CertificateKind.LinearProgramme && !LatticeLiability.Knows(s)) return "the liability depends on the path; the dynamic programme knows contracts on the last price (on a tree of at most six steps the linear programme knows all)";
        if (!s.Hedges[0].Costs.IsSimple) return "certificates know proportional, fixed and quadratic costs";
        if (s.Objective.Kind == ObjectiveKind.MeanVarianceCvar) return "mean-variance-cvar rests on two numbers of the whole sample; the programme over accrued loss knows measures with one";
        if (s.Certificate != CertificateKind.LinearProgramme) return null;
        if (s.Market.Model != MarketModel.Trinomial) return "the linear programme needs a trinomial tree";
        if (s.Time.Steps > TreeLinearProgramme.StepsMost) return $"the linear programme knows at most {TreeLinearProgramme.StepsMost} steps";
        if (s.Objective.Kind is not (ObjectiveKind.Cvar or ObjectiveKind.MeanCvar)) return "the linear programme knows cvar and mean-cvar";
        if (s.Hedges[0].Costs.Fixed > 0 || s.Hedges[0].Costs.Quadratic > 0) return "the linear programme knows proportional costs only";
        return s.InitialHolding[0] < s.Hedges[0].LowestHolding || s.InitialHolding[0] > s.Hedges[0].HighestHolding ? "the linear programme starts from a holding within bounds" : null;
    }

    private static CertificateResult Entropic(LabSpecification s, bool quick)
    {
        int nodes = quick ? 101 : 161;
        double coarse = EntropicAt(s, 1.25, nodes, out _), fine = EntropicAt(s, 2, 2 * nodes - 1, out double none);
        // The least value between holdings is a parabola's, whose error need not fall evenly: a finer programme elsewhere was off by 1.5 times the change.
        return new CertificateResult(fine, none, 2 * Math.Abs(fine - coarse) + 1e-12 * Math.Abs(fine), $"dynamic programme over (price, holding), {2 * nodes - 1} holdings");
    }

    private static double EntropicAt(LabSpecification s, double resolution, int holdings, out double none)
    {
        var lattice = new SpotLattice(s, resolution);
        var programme = new EntropicDynamicProgramme(s, lattice, LatticeLiability.Holdings(s, lattice, holdings));
        none = programme.NoHedge();
        return programme.Solve();
    }

    private static CertificateResult Loss(LabSpecification s, bool quick)
    {
        bool tree = s.Market.Model == MarketModel.Trinomial;
        var coarse = tree ? new LossGrid(1, 81, 1601) : quick ? new LossGrid(0.6, 21, 301) : new LossGrid(0.7, 31, 601);
        var fine = tree ? new LossGrid(1, 161, 3201) : quick ? new LossGrid(1.2, 41, 601) : new LossGrid(1.4, 61, 1201);
        double first = new LossDynamicProgramme(s, coarse).Solve(), second = new LossDynamicProgramme(s, fine).Solve();
        if (s.Objective.Kind == ObjectiveKind.Power && !(second < 0.98 * s.Objective.Wealth))
            return CertificateResult.None("no policy on the grid keeps objective.wealth from ruin, and power utility has no number there; give more wealth");
        double change = Math.Abs(second - first);
        // With costs every spacing is halved and a quarter of the error is left (holdings are whole nodes, the value over prices has kinks), so a third of the change is still to come. What is stated as the error is the
        // whole of it.
        if (!tree && !new TradeCost(s.Hedges[0].Costs).IsFree) second += (second - first) / 3;
        // On a tree rows are lines, so the error falls about as the spacing does and what is left may exceed the last change.
        return new CertificateResult(second, double.NaN, (tree ? 2 : 1) * change, $"dynamic programme over (price, holding, accrued loss), {fine.Holdings}×{fine.Losses}");
    }
}
