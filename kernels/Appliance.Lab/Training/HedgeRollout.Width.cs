using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Appliance.Kernels.Hedging;

namespace Appliance.Lab.Training;

/// <summary>Decisions with a width: a holding is traded, to the target or to the nearer edge of the band, where it is further off than the width.</summary>
public sealed unsafe partial class HedgeRollout
{
    /// <summary>Rows of one step and one hedge, [paths] each.</summary>
    private readonly struct WidthRows(float* price, float* next, float* before, float* after, float* output, float* dOutput, float* neutral, float* dHolding)
    {
        public readonly float* Price = price, Next = next, Before = before, After = after, Output = output, DOutput = dOutput, Neutral = neutral, DHolding = dHolding;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void DecideWithWidth(int step, int hedge, float* output, float* neutral, float* before, float* after)
    {
        HedgeHead head = _problem.Head;
        int at = head.OutputsPerHedge * hedge, widthAt = head.OutputsPerHedge - 1;
        var first = new HeadEdge(head, head.Maps[at]);
        var second = new HeadEdge(head, head.Maps[at + (head.HasBand ? 1 : 0)]);
        var widthEdge = new HeadEdge(head, head.Maps[at + widthAt]);
        var gate = new TradeGate(Gate);
        // Charged here by degrees; a trade that is made or not is charged where all are.
        Vector512<float> perTrade = Vector512.Create(_problem.Fixed[hedge] * _problem.Growth[step]);
        for (int p = 0; p < _paths; p += Lanes)
        {
            Vector512<float> held = Vector512.Load(before + p), target = first.Value(output, neutral, p), width = widthEdge.Distance(output + (long)widthAt * _paths, p);
            if (head.HasBand)
            {
                Vector512<float> upper = second.Value(output + _paths, neutral, p);
                HeadEdge.Uncross(ref target, ref upper);
                target = Vector512.Min(Vector512.Max(held, target), upper);
            }
            Vector512<float> trade = target - held;
            if (Gate != GateKind.Soft)
            {
                Vector512.ConditionalSelect(Vector512.GreaterThan(Vector512.Abs(trade), width), target, held).Store(after + p);
                continue;
            }
            Vector512<float> share = gate.Share(Vector512.Abs(trade), width, out _);
            Vector512.FusedMultiplyAdd(share, trade, held).Store(after + p);
            (Vector512.Load(_pnl.At + p) - perTrade * share).Store(_pnl.At + p);
        }
    }

    /// <summary>What <see cref="BookBackward"/> does, through the gate: after = before + q·trade, and q of the cost per trade.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void BackwardWithWidth(int step, int hedge, in WidthRows rows)
    {
        HedgeHead head = _problem.Head;
        int at = head.OutputsPerHedge * hedge;
        long widthRow = (long)(head.OutputsPerHedge - 1) * _paths;
        var first = new HeadEdge(head, head.Maps[at]);
        var second = new HeadEdge(head, head.Maps[at + (head.HasBand ? 1 : 0)]);
        var widthEdge = new HeadEdge(head, head.Maps[at + head.OutputsPerHedge - 1]);
        var gate = new TradeGate(Gate);
        Vector512<float> growth = Vector512.Create(_problem.HoldingGrowth(step, hedge)), nextGrowth = Vector512.Create(_problem.Growth[step + 1]);
        Vector512<float> proportional = Vector512.Create(_problem.Proportional[hedge] * _problem.Growth[step]);
        Vector512<float> twiceQuadratic = Vector512.Create(2 * _problem.Quadratic[hedge] * _problem.Growth[step]);
        Vector512<float> perTrade = Vector512.Create(_problem.Fixed[hedge] * _problem.Growth[step]), zero = Vector512<float>.Zero;
        for (int p = 0; p < _paths; p += Lanes)
        {
            Vector512<float> a = Vector512.Load(_pnlGradient.At + p), s = Vector512.Load(rows.Price + p), held = Vector512.Load(rows.After + p), prior = Vector512.Load(rows.Before + p);
            Vector512<float> traded = held - prior;
            Vector512<float> byCost = a * Vector512.Abs(s) * Vector512.FusedMultiplyAdd(twiceQuadratic, Vector512.Abs(traded), proportional) * SignOf(traded);
            Vector512<float> move = nextGrowth * Vector512.Load(rows.Next + p) - growth * s;
            Vector512<float> dHeld = Vector512.FusedMultiplyAdd(a, move, Vector512.Load(rows.DHolding + p)) - byCost;

            Vector512<float> lower = first.Value(rows.Output, rows.Neutral, p), upper = lower, crossed = zero;
            if (head.HasBand)
            {
                upper = second.Value(rows.Output + _paths, rows.Neutral, p);
                crossed = HeadEdge.Uncross(ref lower, ref upper);
            }
            Vector512<float> target = Vector512.Min(Vector512.Max(prior, lower), upper), trade = target - prior;
            Vector512<float> width = widthEdge.Distance(rows.Output + widthRow, p), byShare = -(a * perTrade);
            Vector512<float> share = gate.Share(Vector512.Abs(trade), width, out Vector512<float> slope);
            Vector512<float> isWanted = Vector512.GreaterThan(Vector512.Abs(trade), zero);
            // The share's own move with the trade: by what is traded, and by what is charged.
            Vector512<float> byTrade = Vector512.FusedMultiplyAdd(dHeld, share + slope, Vector512.ConditionalSelect(isWanted, byShare * slope / trade, zero));
            Vector512<float> byWidth = TradeGate.PerWidth(-(slope * Vector512.FusedMultiplyAdd(dHeld, trade, byShare)), width);
            (byWidth * widthEdge.DistanceSlope(rows.Output + widthRow, p)).Store(rows.DOutput + widthRow + p);
            // Between the edges the target is what is held, and no trade is wanted.
            Vector512<float> dPrior = Vector512.ConditionalSelect(isWanted, dHeld - byTrade, dHeld);
            if (!head.HasBand) (byTrade * first.Slope(rows.Output, rows.Neutral, p)).Store(rows.DOutput + p);
            else
            {
                Vector512<float> half = Vector512.ConditionalSelect(crossed, byTrade * Vector512.Create(0.5f), zero);
                Vector512<float> toUpper = Vector512.ConditionalSelect(Vector512.LessThan(trade, zero), byTrade, zero), toLower = Vector512.ConditionalSelect(Vector512.GreaterThan(trade, zero), byTrade, zero);
                (Vector512.ConditionalSelect(crossed, half, toLower) * first.Slope(rows.Output, rows.Neutral, p)).Store(rows.DOutput + p);
                (Vector512.ConditionalSelect(crossed, half, toUpper) * second.Slope(rows.Output + _paths, rows.Neutral, p)).Store(rows.DOutput + _paths + p);
            }
            (byCost + dPrior).Store(rows.DHolding + p);
        }
    }
}
