using Appliance.Kernels.Hedging;
using Appliance.Lab.Differentiation;
using Appliance.Lab.Risk;
using Appliance.Lab.Specification;
using Appliance.Lab.Training;
using Appliance.Strategy.Policies.Files;
using Architecture = Appliance.Lab.Specification.PolicyArchitecture;

namespace Appliance.Tests.Lab;

/// <summary>Training by imitation: the gradient of the distance to a teacher, and pupils that hedge as their teachers do.</summary>
public sealed class TrainTeacherTests(Xunit.Abstractions.ITestOutputHelper output)
{
    [Theory]
    [InlineData("mlp", false)]
    [InlineData("lstm", false)]
    [InlineData("gru", true)]
    public void The_gradient_of_the_distance_is_its_difference(string architecture, bool band)
    {
        HedgeProblem plain = TrainSamples.Problem(6, 1, band, OutputMeaning.Position, OutputSquash.Tanh, perTrade: 0);
        // The row of random numbers beside the neutral one is what the teacher holds.
        HedgeProblem problem = new()
        {
            Steps = plain.Steps, Hedges = 1, PathRows = plain.PathRows, Inputs = plain.Inputs, Head = plain.Head, NeutralRow = plain.NeutralRow, TeacherRow = [0], Growth = plain.Growth,
            Proportional = plain.Proportional, Quadratic = plain.Quadratic, Fixed = plain.Fixed, InitialHolding = plain.InitialHolding, LiquidateAtEnd = true, MoneyScale = 1, PriceScale = plain.PriceScale,
        };
        NetworkShape shape = TrainSamples.Shape(problem, architecture, Appliance.Kernels.Networks.Activation.Tanh);
        double[] parameters = TrainSamples.Parameters(shape, 31);
        using PathPool pool = TrainSamples.Pool(problem, 8, 256, 32);
        using var batch = new BatchGradient(problem, shape, new MeanVarianceObjective(0), 256, 8, 2);
        int[] blocks = [.. Enumerable.Range(0, 8)];
        batch.SetParameters(parameters);
        double mean = batch.Compute(pool, blocks);
        Assert.True(mean > 0.01);
        TrainGradientTests.HoldsAlongItself(batch, pool, blocks, parameters);
    }

    [Theory]
    [InlineData("delta", "Lstm", 0.05)]
    [InlineData("dynamic-programme", "Lstm", 0.07)]
    public void A_pupil_holds_nearly_what_its_teacher_holds(string teacher, string architecture, double distance)
    {
        var policy = new PolicySpecification { Architecture = Enum.Parse<Architecture>(architecture), Hidden = [16], Features = ["moneyness", "yearsToExpiry", "hedgePosition"] };
        var training = new TrainingSpecification { Paths = 16384, Epochs = 6, Batch = 1024, LearningRate = 0.02, Seed = 2, Teacher = teacher };
        LabSpecification specification = TrainRunTests.Entropic(training, policy);
        var problem = new SpecifiedProblem(specification);
        using var run = new TrainingRun(problem, 2);
        TrainingResult result = run.Execute(null, null, null, default);
        Assert.Equal(TrainingOutcome.Done, result.Outcome);
        // Judged by the risk, which the training never saw: the delta is no optimum at this cost, the programme's hedge is.
        PolicyFile file = PolicyFile.Parse("pupil.safetensors", problem.ToPolicyFile(result.Parameters));
        double risk = RiskMeasure.Of(specification.Objective, TrainRunTests.Hedge(specification, file, 30_000, 99).Loss).Value;
        double gap = (risk - TrainRunTests.Optimum) / (TrainRunTests.NoHedge - TrainRunTests.Optimum);
        output.WriteLine($"{architecture} after {teacher}: distance {result.HeldBackRisk:F4} of {result.NoHedgeRisk:F4}, gap {gap:F4}");
        Assert.InRange(result.HeldBackRisk, 0, distance);
        Assert.InRange(result.NoHedgeRisk, 0.4, 0.7);
        Assert.InRange(gap, -0.05, teacher == "delta" ? 0.5 : 0.25);
    }

    [Fact]
    public void A_teacher_that_a_problem_cannot_have_is_refused_with_its_key()
    {
        var training = new TrainingSpecification { Paths = 4096, Epochs = 1, Batch = 1024, Teacher = "dynamic-programme" };
        LabSpecification tail = TrainRunTests.Entropic(training, null, new ObjectiveSpecification { Kind = ObjectiveKind.Cvar, Level = 0.9 });
        Assert.Contains(Assert.Throws<TrainingProblemException>(() => new SpecifiedProblem(tail)).Lines, l => l.Contains("training.teacher: the dynamic programme's hedge is that of entropic risk", StringComparison.Ordinal));
    }
}
