using Appliance.Kernels.Hedging;
using Appliance.Kernels.Networks;
using Appliance.Lab.Costs;
using Appliance.Lab.Differentiation;
using Appliance.Lab.Episodes;
using Appliance.Lab.Hedging;
using Appliance.Lab.Specification;
using Appliance.Lab.Training;
using Appliance.Strategy.Policies.Files;

namespace Appliance.Tests.Lab;

/// <summary>Small hedging problems with everything in them, on random paths.</summary>
internal static class TrainSamples
{
    public static HedgeProblem Problem(int steps, int hedges, bool band, OutputMeaning meaning, OutputSquash squash, float perTrade = 0.001f, bool width = false, bool liquidates = true)
    {
        var inputs = new List<NetworkInput>
        {
            new(InputKind.PathRow, 0), new(InputKind.StepConstant, StepValues: [.. Enumerable.Range(0, steps).Select(k => 1f - (float)k / steps)]), new(InputKind.AccruedPnl, 0, 0.01f, 3f),
        };
        for (int h = 0; h < hedges; h++) inputs.Add(new NetworkInput(InputKind.Holding, h, 0.2f, 1.5f));
        int perHedge = (band ? 2 : 1) + (width ? 1 : 0);
        var maps = new HoldingMap[perHedge * hedges];
        for (int i = 0; i < maps.Length; i++)
            maps[i] = width && i % perHedge == perHedge - 1 ? new HoldingMap(0.3f, 0.3f, 0.05f, 4)
                : band ? new HoldingMap(i % perHedge == 0 ? -0.3f : 0.3f, i % perHedge == 0 ? 0.3f : 0.5f, -4, 4) : new HoldingMap(0.8f, 0.4f, -4, 4);
        return new HedgeProblem
        {
            Steps = steps, Hedges = hedges, PathRows = 1 + hedges, Inputs = [.. inputs], Head = new HedgeHead(band, meaning, squash, maps, width),
            NeutralRow = [.. Enumerable.Range(1, hedges)], Growth = [.. Enumerable.Range(0, steps + 1).Select(k => 1 + 0.01f * (steps - k))],
            Funding = [.. Enumerable.Range(0, hedges).Select(h => 0.004f * (1 - h))],
            Proportional = [.. Enumerable.Repeat(0.01f, hedges)], Quadratic = [.. Enumerable.Repeat(0.02f, hedges)], Fixed = [.. Enumerable.Repeat(perTrade, hedges)],
            InitialHolding = [.. Enumerable.Range(0, hedges).Select(h => 0.1f * h)], LiquidateAtEnd = liquidates, MoneyScale = 1, PriceScale = [.. Enumerable.Repeat(1.0, hedges)],
        };
    }

    /// <summary>The losses that training sees of 128 paths with these parameters, in two blocks, and those that the engine which judges policies books for the file made of them.</summary>
    /// <param name="holdings">[hedge][step][path], of the second block, when they are asked for.</param>
    public static (float[] Trained, BlockResult Judged) LossesOfBoth(SpecifiedProblem problem, LabSpecification specification, PolicyFile file, double[] parameters, double[][][]? holdings = null)
    {
        using var batch = new BatchGradient(problem.Problem, problem.Shape, new EntropicObjective(10), 64, 2, 1);
        using var pool = new PathPool(2, problem.Problem.BlockRows, 64);
        EpisodeBlock scratch = problem.Environment.NewBlock(64);
        for (int b = 0; b < 2; b++) problem.Fill(pool, b, scratch, problem.Environment, 64 * b);
        batch.SetParameters(parameters);
        float[] trained = batch.Losses(pool, [0, 1]).ToArray();
        BlockResult judged = new(128);
        var engine = new PnlEngine(problem.Environment, 64);
        IBlockPolicySession session = new FilePolicy(file, specification).Open(problem.Environment, 64);
        for (int b = 0; b < 2; b++)
        {
            problem.Environment.Fill(scratch, 64 * b);
            engine.Run(scratch, session, judged, 64 * b, holdings);
        }
        return (trained, judged);
    }

    /// <summary>Prices that wander around 1, rows around 0, something owed.</summary>
    public static PathPool Pool(HedgeProblem problem, int blocks, int paths, int seed)
    {
        var random = new Random(seed);
        var pool = new PathPool(blocks, problem.BlockRows, paths);
        for (int b = 0; b < blocks; b++)
        {
            for (int h = 0; h < problem.Hedges; h++)
                for (int p = 0; p < paths; p++)
                {
                    double price = 1;
                    for (int step = 0; step <= problem.Steps; step++)
                    {
                        pool.Row(b, problem.PriceRow(step, h))[p] = (float)price;
                        price *= Math.Exp(0.1 * (random.NextDouble() - 0.5));
                    }
                }
            for (int step = 0; step < problem.Steps; step++)
                for (int r = 0; r < problem.PathRows; r++)
                    foreach (ref float value in pool.Row(b, problem.PathRow(step, r))) value = (float)(2 * random.NextDouble() - 1);
            foreach (ref float owed in pool.Row(b, problem.OwedRow)) owed = (float)random.NextDouble();
        }
        return pool;
    }

    public static NetworkShape Shape(HedgeProblem problem, string architecture, Activation activation = Activation.Silu) => architecture switch
    {
        "lstm" => new NetworkShape(problem.Inputs.Length, [8], RecurrentKind.Lstm, [], problem.Outputs, activation),
        "lstm2" => new NetworkShape(problem.Inputs.Length, [8, 4], RecurrentKind.Lstm, [5], problem.Outputs, activation),
        "gru" => new NetworkShape(problem.Inputs.Length, [8], RecurrentKind.GruResetAfter, [], problem.Outputs, activation),
        "gru2" => new NetworkShape(problem.Inputs.Length, [4, 8], RecurrentKind.GruResetAfter, [6], problem.Outputs, activation),
        "step" => new NetworkShape(problem.Inputs.Length, [], RecurrentKind.Lstm, [7], problem.Outputs, activation, problem.Steps),
        _ => new NetworkShape(problem.Inputs.Length, [], RecurrentKind.Lstm, [9, 6], problem.Outputs, activation),
    };

    /// <summary>Parameters wide enough that every part of the network matters; rounded to single precision, as training computes with them.</summary>
    public static double[] Parameters(NetworkShape shape, int seed)
    {
        var random = new Random(seed);
        double[] parameters = shape.Initialise((ulong)seed);
        for (int i = 0; i < parameters.Length; i++) parameters[i] = (float)(parameters[i] + 0.3 * (random.NextDouble() - 0.5));
        return parameters;
    }
}
