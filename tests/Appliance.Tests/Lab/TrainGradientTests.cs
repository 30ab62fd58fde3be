using Appliance.Kernels.Hedging;
using Appliance.Kernels.Networks;
using Appliance.Lab.Differentiation;
using Appliance.Lab.Specification;
using Appliance.Lab.Training;

namespace Appliance.Tests.Lab;

/// <summary>Gradients of the whole hedge: against forward mode and finite differences of a hedge written down a second time, for every architecture and head.</summary>
public class TrainGradientTests
{
    private const int Steps = 6, Paths = 64;

    public static TheoryData<string, int, bool, string, string, string> Cases => new()
    {
        { "mlp", 1, false, "Position", "Identity", "Silu" },
        { "mlp", 1, false, "NeutralOffset", "Tanh", "Tanh" },
        { "mlp", 2, false, "NeutralMultiple", "Sigmoid", "Relu" },
        { "mlp", 1, true, "NeutralOffset", "Softplus", "Relu" },
        { "mlp", 2, true, "Position", "Identity", "Silu" },
        { "step", 1, true, "Position", "Identity", "Tanh" },
        { "lstm", 1, false, "Position", "Identity", "Silu" },
        { "lstm2", 1, true, "NeutralOffset", "Softplus", "Silu" },
        { "gru", 1, false, "NeutralOffset", "Identity", "Silu" },
        { "gru2", 2, true, "Position", "Identity", "Tanh" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_backward_pass_is_the_derivative(string architecture, int hedges, bool band, string meaning, string squash, string activation)
    {
        HedgeProblem problem = TrainSamples.Problem(Steps, hedges, band, Enum.Parse<OutputMeaning>(meaning), Enum.Parse<OutputSquash>(squash));
        NetworkShape shape = TrainSamples.Shape(problem, architecture, Enum.Parse<Activation>(activation));
        double[] parameters = TrainSamples.Parameters(shape, 11);
        using PathPool pool = TrainSamples.Pool(problem, 1, Paths, 12);
        // The mean loss: every path has weight 1/n, so that the gradient is the mean of the paths' derivatives.
        using var batch = new BatchGradient(problem, shape, new MeanVarianceObjective(0), Paths, 1, 1);
        batch.SetParameters(parameters);
        double mean = batch.Compute(pool, [0]);

        var reference = new TrainReference(problem, shape);
        var random = new Random(13);
        double Along(double[] at, double[] direction, bool slope)
        {
            double sum = 0;
            for (int p = 0; p < Paths; p++)
            {
                int path = p;
                Dual loss = reference.Loss(at, direction, row => pool.Row(0, row)[path]);
                sum += slope ? loss.Slope : loss.Value;
            }
            return sum / Paths;
        }
        Assert.Equal(Along(parameters, new double[parameters.Length], slope: false), mean, 1e-5);
        double norm = Math.Sqrt(batch.Gradient.Sum(g => g * g));
        Assert.True(norm > 0.01);
        for (int trial = 0; trial < 6; trial++)
        {
            var direction = new double[parameters.Length];
            // Each trial looks at a sixth of the parameters, so that none hides behind the others.
            for (int i = trial; i < direction.Length; i += 6) direction[i] = (float)(2 * random.NextDouble() - 1);
            double length = Math.Sqrt(direction.Sum(d => d * d));
            double backward = batch.Gradient.Zip(direction, (g, d) => g * d).Sum();
            Assert.Equal(Along(parameters, direction, slope: true), backward, 2e-5 * length * (1 + norm));
        }
    }

    [Fact]
    public void Forward_mode_is_the_limit_of_differences()
    {
        HedgeProblem problem = TrainSamples.Problem(Steps, 1, band: false, OutputMeaning.NeutralOffset, OutputSquash.Tanh);
        NetworkShape shape = TrainSamples.Shape(problem, "gru2");
        double[] parameters = TrainSamples.Parameters(shape, 21);
        using PathPool pool = TrainSamples.Pool(problem, 1, Paths, 22);
        var reference = new TrainReference(problem, shape);
        var random = new Random(23);
        // Layers are single precision, so steps are powers of two that move parameters exactly.
        double[] direction = [.. parameters.Select(_ => random.Next(2) == 0 ? 1.0 : -1.0)];
        double step = Math.ScaleB(1, -12);
        double[] up = [.. parameters.Zip(direction, (v, d) => (double)(float)(v + step * d))], down = [.. parameters.Zip(direction, (v, d) => (double)(float)(v - step * d))];
        var zero = new double[parameters.Length];
        for (int p = 0; p < 8; p++)
        {
            int path = p;
            double Row(int row) => pool.Row(0, row)[path];
            double difference = (reference.Loss(up, zero, Row).Value - reference.Loss(down, zero, Row).Value) / (2 * step);
            Assert.Equal(reference.Loss(parameters, direction, Row).Slope, difference, 2e-3);
        }
    }

    [Fact]
    public void Single_precision_differences_see_the_same_slope()
    {
        // The trained engine against itself: no second implementation in between. A cost a trade would make the loss jump where a band's edge is met.
        HedgeProblem problem = TrainSamples.Problem(Steps, 1, band: true, OutputMeaning.NeutralOffset, OutputSquash.Softplus, perTrade: 0);
        NetworkShape shape = TrainSamples.Shape(problem, "mlp", Activation.Tanh);
        double[] parameters = TrainSamples.Parameters(shape, 31);
        using PathPool pool = TrainSamples.Pool(problem, 8, 256, 32);
        using var batch = new BatchGradient(problem, shape, new MeanVarianceObjective(0), 256, 8, 2);
        int[] blocks = [.. Enumerable.Range(0, 8)];
        batch.SetParameters(parameters);
        batch.Compute(pool, blocks);
        HoldsAlongItself(batch, pool, blocks, parameters);
    }

    /// <summary>The gradient just computed has the length of the mean loss's slope along it, by central differences over eight blocks of 256 paths.</summary>
    internal static void HoldsAlongItself(BatchGradient batch, PathPool pool, int[] blocks, double[] parameters)
    {
        double[] gradient = (double[])batch.Gradient.Clone();
        double norm = Math.Sqrt(gradient.Sum(g => g * g)), step = 3e-3;
        double Moved(double sign)
        {
            batch.SetParameters([.. parameters.Zip(gradient, (v, g) => v + sign * step * g / norm)]);
            double sum = 0;
            foreach (float loss in batch.Losses(pool, blocks)) sum += loss;
            return sum / (8 * 256);
        }
        Assert.Equal(norm, (Moved(1) - Moved(-1)) / (2 * step), 0.01 * norm);
    }

    [Theory]
    [InlineData(ObjectiveKind.StdDev)]
    [InlineData(ObjectiveKind.MeanVariance)]
    [InlineData(ObjectiveKind.MeanStd)]
    [InlineData(ObjectiveKind.Entropic)]
    [InlineData(ObjectiveKind.Power)]
    [InlineData(ObjectiveKind.Expectile)]
    [InlineData(ObjectiveKind.Cvar)]
    [InlineData(ObjectiveKind.MeanCvar)]
    [InlineData(ObjectiveKind.MeanVarianceCvar)]
    public void Each_objectives_weights_are_its_derivative_by_each_loss(ObjectiveKind kind)
    {
        const double money = 4;
        const int n = 800;
        var objective = new ObjectiveSpecification { Kind = kind, RiskAversion = 1.5, Level = 0.9, K = 0.7, Weight = 0.6, Tau = 0.8, Wealth = 20 };
        var random = new Random(5);
        float[] losses = [.. Enumerable.Range(0, n).Select(_ => (float)(random.NextDouble() * random.NextDouble()))];
        var weights = new float[n];
        TrainingObjective training = TrainingObjective.Make(objective, money);
        double risk, scale = 1;
        if (training.LooksAtTail) risk = training.WeighSample(losses, default, weights);
        else
        {
            // Started on the sample itself, the numbers carried from batch to batch are the sample's own.
            training.Begin(losses);
            var sums = new BatchSums();
            training.Weigh(losses, weights, ref sums);
            risk = training.Finish(in sums, out scale);
        }
        double[] inMoney = [.. losses.Select(l => (double)l * money)];
        Assert.Equal(Appliance.Lab.Risk.RiskMeasure.Of(objective, inMoney).Value, risk * money, 1e-4);
        // A mean over every eighth path stands for the others: the sum of all weights is checked instead of each.
        if (kind == ObjectiveKind.MeanCvar)
        {
            Assert.Equal(1, weights.Sum(w => (double)w), 1e-5);
            return;
        }
        for (int p = 0; p < n; p += 37)
        {
            double Moved(double by)
            {
                double[] other = (double[])inMoney.Clone();
                other[p] += by;
                return Appliance.Lab.Risk.RiskMeasure.Of(objective, other).Value;
            }
            Assert.Equal((Moved(1e-4) - Moved(-1e-4)) / 2e-4, weights[p] * scale, 1e-5);
        }
    }

    [Fact]
    public void Paths_that_the_tail_leaves_out_do_not_change_its_gradient()
    {
        HedgeProblem problem = TrainSamples.Problem(Steps, 1, band: true, OutputMeaning.NeutralOffset, OutputSquash.Softplus);
        NetworkShape shape = TrainSamples.Shape(problem, "mlp");
        double[] parameters = TrainSamples.Parameters(shape, 41);
        using PathPool pool = TrainSamples.Pool(problem, 5, Paths, 42);
        using var tail = new BatchGradient(problem, shape, new CvarObjective(0.9, 1), Paths, 5, 1);
        tail.SetParameters(parameters);
        int[] order = [4, 0, 3, 1, 2];
        tail.Compute(pool, order);
        Assert.Equal(32, tail.PathsBackward);
        // The same by hand: the mean derivative of the 32 greatest losses.
        float[] losses = tail.Losses(pool, order).ToArray();
        var reference = new TrainReference(problem, shape);
        var random = new Random(43);
        double[] direction = [.. parameters.Select(_ => (double)(float)(2 * random.NextDouble() - 1))];
        double expected = Enumerable.Range(0, losses.Length).OrderByDescending(p => losses[p]).Take(32)
            .Average(p => reference.Loss(parameters, direction, row => pool.Row(order[p / Paths], row)[p % Paths]).Slope);
        double norm = Math.Sqrt(direction.Sum(d => d * d));
        Assert.Equal(expected, tail.Gradient.Zip(direction, (g, d) => g * d).Sum(), 1e-4 * norm);
    }
}
