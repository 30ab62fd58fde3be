using Appliance.Lab.Baselines;
using Appliance.Lab.Costs;
using Appliance.Lab.Hedging;
using Appliance.Lab.Specification;

namespace Appliance.Lab.Training;

/// <summary>
/// What a teacher holds along a block of paths, for training by imitation: a classical rule run by the lab's own engine. The dynamic programme's optimal hedge is Hodges and Neuberger's band at the
/// objective's risk aversion.
/// </summary>
internal sealed class TeacherHoldings
{
    private readonly IBlockPolicy _teacher;

    public TeacherHoldings(LabSpecification specification) => _teacher = BaselineFactory.Make(specification, Rule(specification));

    /// <summary>Why a specification cannot have the teacher it names; null when it can.</summary>
    public static string? WhyNot(LabSpecification s)
    {
        if (s.Hedges.Count != 1) return "a teacher hedges with one instrument";
        if (s.Training.Teacher == "dynamic-programme" && s.Objective.Kind != ObjectiveKind.Entropic) return "the dynamic programme's hedge is that of entropic risk; take objective.kind entropic, or the teacher delta";
        return BaselineFactory.WhyNot(s, Rule(s));
    }

    /// <summary>[step][path] in units of the hedge, after each step's decision.</summary>
    public double[][] Of(HedgingEnvironment environment, EpisodeBlock block)
    {
        double[][][] trace = [[.. Enumerable.Range(0, block.Steps).Select(_ => new double[block.Paths])]];
        new PnlEngine(environment, block.Paths).Run(block, _teacher.Open(environment, block.Paths), new BlockResult(block.Paths), 0, trace);
        return trace[0];
    }

    private static StrategySpecification Rule(LabSpecification s) => new()
    {
        Kind = s.Training.Teacher switch
        {
            "delta" => PolicyArchitecture.Delta, "minimum-variance-delta" => PolicyArchitecture.MinimumVarianceDelta, _ => PolicyArchitecture.HodgesNeuberger,
        },
        Name = "teacher", Every = s.Policy.Rule.Every,
    };
}
