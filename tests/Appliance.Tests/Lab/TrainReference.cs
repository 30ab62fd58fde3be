using Appliance.Kernels.Hedging;
using Appliance.Kernels.Networks;
using Appliance.Lab.Differentiation;
using Appliance.Lab.Training;

namespace Appliance.Tests.Lab;

/// <summary>
/// The hedge of one path written down a second time, plainly and in dual numbers: no blocks, no registers, no backward pass. Weights are read through the policy file's layers, so that the
/// order of parameters is checked too.
/// </summary>
internal sealed class TrainReference(HedgeProblem problem, NetworkShape shape)
{
    /// <summary>Trades are let through by the soft gate where there are widths.</summary>
    public bool IsSoft { get; init; }

    /// <summary>The path's loss and its derivative along a direction of the parameters.</summary>
    /// <param name="row">Value of a row of the path's block.</param>
    public Dual Loss(double[] parameters, double[] direction, Func<int, double> row)
    {
        var net = new Net(shape, parameters, direction);
        var held = problem.InitialHolding.Select(h => (Dual)(double)h).ToArray();
        Dual pnl = 0;
        for (int step = 0; step < problem.Steps; step++)
        {
            Dual[] output = net.Step(step, [.. problem.Inputs.Select(i => Input(i, step, held, pnl, row))]);
            double growth = problem.Growth[step], nextGrowth = problem.Growth[step + 1];
            for (int h = 0; h < problem.Hedges; h++)
            {
                (Dual after, Dual share) = Decide(output, h, held[h], step, row);
                double funding = problem.Funding.Length == 0 ? 0 : problem.Funding[h];
                double price = row(problem.PriceRow(step, h)), next = row(problem.PriceRow(step + 1, h));
                pnl = pnl - growth * (Cost(after - held[h], price, h) + share * problem.Fixed[h]) + after * (nextGrowth * (next - funding * price) - growth * price);
                held[h] = after;
            }
        }
        if (problem.LiquidateAtEnd)
            for (int h = 0; h < problem.Hedges; h++) pnl -= Cost(held[h], row(problem.PriceRow(problem.Steps, h)), h) + (held[h].Value != 0 ? problem.Fixed[h] : 0.0);
        return row(problem.OwedRow) - pnl;
    }

    private Dual Cost(Dual units, double price, int hedge)
    {
        Dual size = Dual.Abs(units);
        return Math.Abs(price) * size * problem.Proportional[hedge] + Math.Abs(price) * size * size * problem.Quadratic[hedge];
    }

    private static Dual Input(NetworkInput input, int step, Dual[] held, Dual pnl, Func<int, double> row, HedgeProblem problem) => input.Kind switch
    {
        InputKind.PathRow => row(problem.PathRow(step, input.Index)),
        InputKind.StepConstant => (double)input.StepValues![step],
        InputKind.Holding => (held[input.Index] - (double)input.Mean) * (double)input.InverseScale,
        // The network is shown money of today, the books run in money at maturity.
        _ => (pnl * (1 / (double)problem.Growth[step]) - (double)input.Mean) * (double)input.InverseScale,
    };

    private Dual Input(NetworkInput input, int step, Dual[] held, Dual pnl, Func<int, double> row) => Input(input, step, held, pnl, row, problem);

    /// <summary>The holding after the decision, and the share of a trade's fixed cost that is charged.</summary>
    private (Dual After, Dual Share) Decide(Dual[] output, int hedge, Dual held, int step, Func<int, double> row)
    {
        HedgeHead head = problem.Head;
        int at = head.OutputsPerHedge * hedge;
        Dual Mapped(int index)
        {
            HoldingMap map = head.Maps[index];
            Dual squashed = head.Squash switch
            {
                OutputSquash.Softplus => Dual.Softplus(output[index]), OutputSquash.Sigmoid => Dual.Sigmoid(output[index]), OutputSquash.Tanh => Dual.Tanh(output[index]), _ => output[index],
            };
            return Dual.Min(Dual.Max(squashed * (double)map.Scale + (double)map.Offset, (double)map.Lower), (double)map.Upper);
        }
        Dual Edge(int index)
        {
            Dual mapped = Mapped(index);
            double neutral = head.Meaning == OutputMeaning.Position ? 0 : row(problem.PathRow(step, problem.NeutralRow[hedge]));
            return head.Meaning switch { OutputMeaning.Position => mapped, OutputMeaning.NeutralOffset => mapped + neutral, _ => mapped * neutral };
        }
        Dual target = Edge(at);
        if (head.HasBand)
        {
            Dual lower = target, upper = Edge(at + 1);
            if (lower.Value > upper.Value) target = (lower + upper) * 0.5;
            else target = held.Value < lower.Value ? lower : held.Value > upper.Value ? upper : held;
        }
        Dual trade = target - held;
        if (!head.HasWidth) return (target, trade.Value != 0 ? 1 : 0);
        Dual width = Mapped(at + head.OutputsPerHedge - 1), share = Math.Abs(trade.Value) > width.Value ? 1 : 0;
        if (!IsSoft) return (share.Value > 0 ? target : held, share);
        Dual ratio = Dual.Abs(trade) / width, square = ratio * ratio, fourth = square * square, eighth = fourth * fourth;
        share = 1.0 - 1.0 / (1.0 + eighth);
        return (held + share * trade, share);
    }

    private sealed class Net(NetworkShape shape, double[] parameters, double[] direction)
    {
        private readonly (List<RecurrentLayer> Recurrent, List<List<DenseLayer>> Dense) _at = shape.ToLayers(parameters), _along = shape.ToLayers(direction);
        private readonly Dual[][] _state = [.. shape.RecurrentUnits.Select(u => new Dual[u])], _cell = [.. shape.RecurrentUnits.Select(u => new Dual[u])];

        public Dual[] Step(int step, Dual[] x)
        {
            for (int l = 0; l < _at.Recurrent.Count; l++) x = _state[l] = Recur(_at.Recurrent[l], _along.Recurrent[l], x, _state[l], _cell[l]);
            int network = Math.Min(step, shape.StepNetworks - 1);
            for (int l = 0; l < _at.Dense[network].Count; l++)
            {
                DenseLayer a = _at.Dense[network][l], d = _along.Dense[network][l];
                Dual[] z = Product(a.Weight, d.Weight, a.Bias, d.Bias, x);
                x = l == _at.Dense[network].Count - 1 ? z : [.. z.Select(Activate)];
            }
            return x;
        }

        private Dual Activate(Dual z) => shape.Activation switch { Activation.Relu => Dual.Max(z, 0.0), Activation.Tanh => Dual.Tanh(z), _ => z * Dual.Sigmoid(z) };

        private static Dual[] Recur(RecurrentLayer a, RecurrentLayer d, Dual[] x, Dual[] h, Dual[] c)
        {
            Dual[] byInput = Product(a.InputWeight, d.InputWeight, a.InputBias, d.InputBias, x), byState = Product(a.HiddenWeight, d.HiddenWeight, a.HiddenBias, d.HiddenBias, h);
            int n = a.Units;
            var next = new Dual[n];
            for (int u = 0; u < n; u++)
            {
                if (a.Kind == RecurrentKind.Lstm)
                {
                    Dual Gate(int g) => byInput[g * n + u] + byState[g * n + u];
                    c[u] = Dual.Sigmoid(Gate(1)) * c[u] + Dual.Sigmoid(Gate(0)) * Dual.Tanh(Gate(2));
                    next[u] = Dual.Sigmoid(Gate(3)) * Dual.Tanh(c[u]);
                }
                else
                {
                    Dual reset = Dual.Sigmoid(byInput[u] + byState[u]), update = Dual.Sigmoid(byInput[n + u] + byState[n + u]);
                    Dual candidate = Dual.Tanh(byInput[2 * n + u] + reset * byState[2 * n + u]);
                    next[u] = (1.0 - update) * candidate + update * h[u];
                }
            }
            return next;
        }

        private static Dual[] Product(float[] weight, float[] weightAlong, float[] bias, float[] biasAlong, Dual[] x)
        {
            var y = new Dual[bias.Length];
            for (int o = 0; o < y.Length; o++)
            {
                y[o] = new Dual(bias[o], biasAlong[o]);
                for (int i = 0; i < x.Length; i++) y[o] += new Dual(weight[o * x.Length + i], weightAlong[o * x.Length + i]) * x[i];
            }
            return y;
        }
    }
}
