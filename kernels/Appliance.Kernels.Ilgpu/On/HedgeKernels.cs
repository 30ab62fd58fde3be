using Appliance.Kernels.Hedging;
using Appliance.Kernels.Networks;
using ILGPU;

// ILGPU makes a launcher for each kernel in an assembly of its own, which must see the launch structs.
[assembly: System.Runtime.CompilerServices.InternalsVisibleTo("ILGPURuntime")]

namespace Appliance.Kernels.Ilgpu;

/// <summary>Sizes and switches of a launch; tables begin in their arrays where the fields that end in At say.</summary>
internal struct HedgeLaunch
{
    public int Steps, Hedges, PathRows, BlockRows, DecideEvery, HasBand, Liquidates, Squash, Meaning, Inputs, Activation, Networks, Layers, Widest, StepUnits;
    public int PathsPerBlock, FirstBlock, Every, Records, Paths;
    public int NeutralAt, LayerAt, TapeAt;
    public int StepValueAt, MapAt, GrowthAt, HedgeAt, HoldingGrowthAt;
}

/// <summary>
/// The whole hedge of a tile of paths in one launch, forwards or backwards: a group of threads takes <see cref="Tile"/> paths from the first step to the last, so that a step costs barriers and no launch. What a layer passes on stands in
/// shared memory, [units, paths] with a pad against bank conflicts; what the way back needs goes to the tape, paths neighbouring. A thread computes four units of one path, or a block of four by four weights' sums. Formulas are those of
/// <see cref="HedgeLanes{L, V}"/>; sums of a layer run as the lab's dense products do, so that losses and each path's derivatives have the processor's bits.
/// </summary>
internal static class HedgeKernels
{
    public const int Tile = 32, Stride = Tile + 1;

    public static void Forward(
        HedgeLaunch s, ArrayView<int> table, ArrayView<float> numbers, ArrayView<float> weights, ArrayView<float> pool, ArrayView<float> tape, ArrayView<float> holdings, ArrayView<float> pnl, ArrayView<float> losses)
    {
        ArrayView<float> shared = SharedMemory.GetDynamic<float>();
        int first = Grid.IdxX * Tile;
        long column = Column(s, first);
        for (int p = Group.IdxX; p < Tile; p += Group.DimX)
        {
            pnl[first + p] = 0;
            for (int h = 0; h < s.Hedges; h++) holdings[Held(s, 0, h, first + p)] = numbers[s.HedgeAt + 4 * h + 3];
        }
        Group.Barrier();
        for (int step = 0; step < s.Steps; step++)
        {
            bool decides = step % (s.DecideEvery * s.Every) == 0;
            int from = 0;
            if (decides)
            {
                FillInputs(s, table, numbers, pool, tape, holdings, pnl, shared, first, column, step);
                Group.Barrier();
                from = Network(s, table, weights, tape, shared, first, step / s.DecideEvery);
            }
            for (int p = Group.IdxX; p < Tile; p += Group.DimX) Book(s, table, numbers, pool, holdings, pnl, shared, first, column, step, p, decides, from);
            Group.Barrier();
        }
        for (int p = Group.IdxX; p < Tile; p += Group.DimX)
        {
            float earned = pnl[first + p];
            if (s.Liquidates != 0)
                for (int h = 0; h < s.Hedges; h++)
                {
                    float growth = numbers[s.GrowthAt + s.Steps], held = holdings[Held(s, s.Steps, h, first + p)], price = pool[column + (long)PriceRow(s, s.Steps, h) * s.PathsPerBlock + p];
                    int cost = s.HedgeAt + 4 * h;
                    earned = FloatLane.Subtract(earned, HedgeLanes<FloatLane, float>.Cost(price, HedgeLanes<FloatLane, float>.Absolute(held), numbers[cost] * growth, numbers[cost + 1] * growth, numbers[cost + 2] * growth));
                }
            losses[first + p] = pool[column + (long)(s.Steps * (s.Hedges + s.PathRows) + s.Hedges) * s.PathsPerBlock + p] - earned;
        }
    }

    public static void Backward(
        HedgeLaunch s, int sumsLength, ArrayView<int> table, ArrayView<float> numbers, ArrayView<float> weights, ArrayView<float> pool, ArrayView<float> tape, ArrayView<float> holdings,
        ArrayView<float> lossWeights, ArrayView<float> pnlGradient, ArrayView<float> holdingGradient, ArrayView<float> sums)
    {
        ArrayView<float> shared = SharedMemory.GetDynamic<float>();
        int first = Grid.IdxX * Tile, buffer = s.Widest * Stride;
        long column = Column(s, first), sumsAt = (long)Grid.IdxX * sumsLength;
        for (int p = Group.IdxX; p < Tile; p += Group.DimX)
        {
            float a = -lossWeights[first + p];
            pnlGradient[first + p] = a;
            for (int h = 0; h < s.Hedges; h++)
            {
                float d = 0;
                if (s.Liquidates != 0)
                {
                    float growth = numbers[s.GrowthAt + s.Steps], held = holdings[Held(s, s.Steps, h, first + p)], price = pool[column + (long)PriceRow(s, s.Steps, h) * s.PathsPerBlock + p];
                    int cost = s.HedgeAt + 4 * h;
                    d = FloatLane.Subtract(d, FloatLane.Multiply(a, HedgeLanes<FloatLane, float>.CostSlope(price, held, numbers[cost] * growth, 2 * numbers[cost + 1] * growth)));
                }
                holdingGradient[(long)h * s.Paths + first + p] = d;
            }
        }
        for (int step = s.Steps - 1; step >= 0; step--)
        {
            bool decides = step % (s.DecideEvery * s.Every) == 0;
            // Outputs that are there to fill up a tile of four have no derivative.
            if (decides)
                for (int k = Group.IdxX; k < 4 * Stride * ((s.Hedges * 2 + 3) / 4); k += Group.DimX) shared[k] = 0;
            Group.Barrier();
            for (int p = Group.IdxX; p < Tile; p += Group.DimX)
                for (int h = 0; h < s.Hedges; h++) BookBackward(s, table, numbers, pool, tape, holdings, pnlGradient, holdingGradient, shared, first, column, step, p, h, decides);
            Group.Barrier();
            if (!decides) continue;
            int from = NetworkBackward(s, table, weights, tape, shared, buffer, first, step / s.DecideEvery, sumsAt, sums);
            for (int p = Group.IdxX; p < Tile; p += Group.DimX) TakeInputGradients(s, table, numbers, pnlGradient, holdingGradient, shared, from, first, p, step);
            Group.Barrier();
        }
    }

    /// <summary>Adds the groups' sums, in their order and in double precision; one item a number.</summary>
    public static void Fold(Index1D item, int items, int groups, int length, ArrayView<float> sums, ArrayView<double> total)
    {
        for (int i = item.X; i < length; i += items)
        {
            double sum = 0;
            for (int g = 0; g < groups; g++) sum += sums[(long)g * length + i];
            total[i] = sum;
        }
    }

    /// <summary>Single paths side by side: number j of the new blocks is column columns[j] (block·pathsPerBlock + path) of the old.</summary>
    public static void Gather(Index1D item, int items, int count, int rows, int pathsPerBlock, ArrayView<int> columns, ArrayView<float> pool, ArrayView<float> gathered)
    {
        for (int i = item.X; i < count; i += items)
        {
            int from = columns[i], row = from / pathsPerBlock * rows, column = from % pathsPerBlock;
            int toRow = i / pathsPerBlock * rows, toColumn = i % pathsPerBlock;
            for (int r = 0; r < rows; r++) gathered[(long)(toRow + r) * pathsPerBlock + toColumn] = pool[(long)(row + r) * pathsPerBlock + column];
        }
    }

    private static long Column(HedgeLaunch s, int first) => (long)(s.FirstBlock + first / s.PathsPerBlock) * s.BlockRows * s.PathsPerBlock + first % s.PathsPerBlock;
    private static int PriceRow(HedgeLaunch s, int step, int hedge) => step * (s.Hedges + s.PathRows) + hedge;
    private static int PathRow(HedgeLaunch s, int step, int row) => step * (s.Hedges + s.PathRows) + s.Hedges + row;
    /// <summary>All steps where a way back may follow, else the last two.</summary>
    private static long Held(HedgeLaunch s, int index, int hedge, int path) => ((long)(s.Records != 0 ? index : index & 1) * s.Hedges + hedge) * s.Paths + path;
    private static long OnTape(HedgeLaunch s, int decision, int unit, int path) => ((long)decision * s.StepUnits + unit) * s.Paths + path;

    private static void FillInputs(
        HedgeLaunch s, ArrayView<int> table, ArrayView<float> numbers, ArrayView<float> pool, ArrayView<float> tape, ArrayView<float> holdings, ArrayView<float> pnl, ArrayView<float> shared, int first, long column, int step)
    {
        // Inputs are filled up to a multiple of four by zeros, as weights are.
        int padded = table[s.LayerAt];
        for (int k = Group.IdxX; k < padded * Tile; k += Group.DimX)
        {
            int i = k / Tile, p = k % Tile;
            float value = 0;
            if (i < s.Inputs)
            {
                int kind = table[2 * i], index = table[2 * i + 1];
                if (kind == 0) value = pool[column + (long)PathRow(s, step, index) * s.PathsPerBlock + p];
                else if (kind == 1) value = numbers[s.StepValueAt + i * s.Steps + step];
                else
                {
                    float seen = kind == 2 ? holdings[Held(s, step, index, first + p)] : pnl[first + p];
                    // P&L is shown in the money of today; the books run in money at maturity.
                    float today = kind == 3 ? numbers[s.GrowthAt + step] : 1;
                    value = (seen - numbers[2 * i] * today) * (numbers[2 * i + 1] / today);
                }
            }
            shared[i * Stride + p] = value;
            if (s.Records != 0) tape[OnTape(s, step / s.DecideEvery, table[s.TapeAt] + i, first + p)] = value;
        }
    }

    /// <summary>All layers of a decision. Returns where in shared memory the outputs stand.</summary>
    private static int Network(HedgeLaunch s, ArrayView<int> table, ArrayView<float> weights, ArrayView<float> tape, ArrayView<float> shared, int first, int decision)
    {
        int network = decision < s.Networks ? decision : s.Networks - 1, from = 0, to = s.Widest * Stride;
        for (int l = 0; l < s.Layers; l++)
        {
            int entry = s.LayerAt + (network * s.Layers + l) * DeviceHedgeProblem.LayerColumns;
            int inputs = table[entry], outputs = table[entry + 1], weight = table[entry + 2], bias = table[entry + 4];
            bool isLast = l == s.Layers - 1;
            for (int k = Group.IdxX; k < outputs / 4 * Tile; k += Group.DimX)
            {
                int o = k / Tile * 4, p = k % Tile, w = weight + o * inputs, x = from + p;
                float a = weights[bias + o], b = weights[bias + o + 1], c = weights[bias + o + 2], d = weights[bias + o + 3];
                for (int i = 0; i < inputs; i++)
                {
                    float v = shared[x];
                    a = FloatLane.Fma(weights[w], v, a);
                    b = FloatLane.Fma(weights[w + 1], v, b);
                    c = FloatLane.Fma(weights[w + 2], v, c);
                    d = FloatLane.Fma(weights[w + 3], v, d);
                    w += 4;
                    x += Stride;
                }
                Keep(s, table, tape, shared, to, first, decision, l, o, p, a, isLast);
                Keep(s, table, tape, shared, to, first, decision, l, o + 1, p, b, isLast);
                Keep(s, table, tape, shared, to, first, decision, l, o + 2, p, c, isLast);
                Keep(s, table, tape, shared, to, first, decision, l, o + 3, p, d, isLast);
            }
            Group.Barrier();
            int swap = from;
            from = to;
            to = swap;
        }
        return from;
    }

    private static void Keep(HedgeLaunch s, ArrayView<int> table, ArrayView<float> tape, ArrayView<float> shared, int to, int first, int decision, int layer, int unit, int p, float argument, bool isLast)
    {
        float value = isLast ? argument : HedgeLanes<FloatLane, float>.Activate((Activation)s.Activation, argument);
        shared[to + unit * Stride + p] = value;
        if (s.Records == 0) return;
        int at = s.TapeAt + 2 * (layer + 1);
        tape[OnTape(s, decision, table[at] + unit, first + p)] = value;
        if (table[at + 1] != table[at]) tape[OnTape(s, decision, table[at + 1] + unit, first + p)] = argument;
    }

    private static float Edge(HedgeLaunch s, ArrayView<float> numbers, int output, float x, float neutral)
    {
        int map = s.MapAt + 4 * output;
        return HedgeLanes<FloatLane, float>.Holding((OutputSquash)s.Squash, (OutputMeaning)s.Meaning, x, neutral, numbers[map], numbers[map + 1], numbers[map + 2], numbers[map + 3]);
    }

    private static float EdgeSlope(HedgeLaunch s, ArrayView<float> numbers, int output, float x, float neutral)
    {
        int map = s.MapAt + 4 * output;
        return HedgeLanes<FloatLane, float>.HoldingSlope((OutputSquash)s.Squash, (OutputMeaning)s.Meaning, x, neutral, numbers[map], numbers[map + 1], numbers[map + 2], numbers[map + 3]);
    }

    private static float Neutral(HedgeLaunch s, ArrayView<int> table, ArrayView<float> pool, long column, int step, int hedge, int p) =>
        s.Meaning == (int)OutputMeaning.Position ? 0 : pool[column + (long)PathRow(s, step, table[s.NeutralAt + hedge]) * s.PathsPerBlock + p];

    /// <summary>Decision, gains and costs of one path in one step.</summary>
    private static void Book(
        HedgeLaunch s, ArrayView<int> table, ArrayView<float> numbers, ArrayView<float> pool, ArrayView<float> holdings, ArrayView<float> pnl, ArrayView<float> shared, int first, long column, int step, int p, bool decides, int outputs)
    {
        float growth = numbers[s.GrowthAt + step], nextGrowth = numbers[s.GrowthAt + step + 1], earned = pnl[first + p];
        for (int h = 0; h < s.Hedges; h++)
        {
            float before = holdings[Held(s, step, h, first + p)], after = before;
            if (decides)
            {
                float neutral = Neutral(s, table, pool, column, step, h, p);
                if (s.HasBand == 0) after = Edge(s, numbers, h, shared[outputs + h * Stride + p], neutral);
                else
                {
                    float lower = Edge(s, numbers, 2 * h, shared[outputs + 2 * h * Stride + p], neutral), upper = Edge(s, numbers, 2 * h + 1, shared[outputs + (2 * h + 1) * Stride + p], neutral);
                    float middle = 0.5f * (lower + upper);
                    bool crossed = lower > upper;
                    after = HedgeLanes<FloatLane, float>.Clamp(before, crossed ? middle : lower, crossed ? middle : upper);
                }
            }
            holdings[Held(s, step + 1, h, first + p)] = after;
            float price = pool[column + (long)PriceRow(s, step, h) * s.PathsPerBlock + p], next = pool[column + (long)PriceRow(s, step + 1, h) * s.PathsPerBlock + p];
            int cost = s.HedgeAt + 4 * h;
            float paid = HedgeLanes<FloatLane, float>.Cost(price, HedgeLanes<FloatLane, float>.Absolute(after - before), numbers[cost] * growth, numbers[cost + 1] * growth, numbers[cost + 2] * growth);
            earned = FloatLane.Fma(after, HedgeLanes<FloatLane, float>.Move(price, next, numbers[s.HoldingGrowthAt + h * s.Steps + step], nextGrowth), earned) - paid;
        }
        pnl[first + p] = earned;
    }

    /// <summary>Back through gain, cost and head of one hedge of one path in one step; the outputs' derivatives go to the front of shared memory.</summary>
    private static void BookBackward(
        HedgeLaunch s, ArrayView<int> table, ArrayView<float> numbers, ArrayView<float> pool, ArrayView<float> tape, ArrayView<float> holdings, ArrayView<float> pnlGradient, ArrayView<float> holdingGradient,
        ArrayView<float> shared, int first, long column, int step, int p, int h, bool decides)
    {
        float growth = numbers[s.GrowthAt + step], nextGrowth = numbers[s.GrowthAt + step + 1], a = pnlGradient[first + p];
        float price = pool[column + (long)PriceRow(s, step, h) * s.PathsPerBlock + p], next = pool[column + (long)PriceRow(s, step + 1, h) * s.PathsPerBlock + p];
        float move = HedgeLanes<FloatLane, float>.Move(price, next, numbers[s.HoldingGrowthAt + h * s.Steps + step], nextGrowth);
        long at = (long)h * s.Paths + first + p;
        if (!decides)
        {
            holdingGradient[at] = FloatLane.Fma(a, move, holdingGradient[at]);
            return;
        }
        float held = holdings[Held(s, step + 1, h, first + p)], prior = holdings[Held(s, step, h, first + p)];
        int cost = s.HedgeAt + 4 * h, outputs = table[s.TapeAt + 2 * s.Layers], decision = step / s.DecideEvery;
        float byCost = a * HedgeLanes<FloatLane, float>.CostSlope(price, held - prior, numbers[cost] * growth, 2 * numbers[cost + 1] * growth);
        float dHeld = FloatLane.Fma(a, move, holdingGradient[at]) - byCost, neutral = Neutral(s, table, pool, column, step, h, p);
        if (s.HasBand == 0)
        {
            shared[h * Stride + p] = dHeld * EdgeSlope(s, numbers, h, tape[OnTape(s, decision, outputs + h, first + p)], neutral);
            holdingGradient[at] = byCost;
            return;
        }
        float first0 = tape[OnTape(s, decision, outputs + 2 * h, first + p)], second0 = tape[OnTape(s, decision, outputs + 2 * h + 1, first + p)];
        float lower = Edge(s, numbers, 2 * h, first0, neutral), upper = Edge(s, numbers, 2 * h + 1, second0, neutral), middle = 0.5f * (lower + upper);
        bool crossed = lower > upper;
        if (crossed)
        {
            lower = middle;
            upper = middle;
        }
        bool atUpper = FloatLane.Largest(lower, prior) > upper, atLower = !atUpper && lower > prior;
        float half = dHeld * 0.5f;
        float byUpper = crossed ? half : atUpper ? dHeld : 0, byLower = crossed ? half : atLower ? dHeld : 0, kept = crossed || atUpper || atLower ? 0 : dHeld;
        shared[2 * h * Stride + p] = byLower * EdgeSlope(s, numbers, 2 * h, first0, neutral);
        shared[(2 * h + 1) * Stride + p] = byUpper * EdgeSlope(s, numbers, 2 * h + 1, second0, neutral);
        holdingGradient[at] = byCost + kept;
    }

    /// <summary>Back through all layers of a decision. Returns where in shared memory the inputs' derivatives stand.</summary>
    private static int NetworkBackward(
        HedgeLaunch s, ArrayView<int> table, ArrayView<float> weights, ArrayView<float> tape, ArrayView<float> shared, int buffer, int first, int decision, long sumsAt, ArrayView<float> sums)
    {
        int network = decision < s.Networks ? decision : s.Networks - 1, dy = 0, dx = buffer, x = 2 * buffer;
        for (int l = s.Layers - 1; l >= 0; l--)
        {
            int entry = s.LayerAt + (network * s.Layers + l) * DeviceHedgeProblem.LayerColumns;
            int inputs = table[entry], outputs = table[entry + 1], transpose = table[entry + 3], above = s.TapeAt + 2 * (l + 1);
            if (l < s.Layers - 1)
                for (int k = Group.IdxX; k < outputs * Tile; k += Group.DimX)
                {
                    int o = k / Tile, p = k % Tile, at = dy + o * Stride + p;
                    float value = tape[OnTape(s, decision, table[above] + o, first + p)], argument = tape[OnTape(s, decision, table[above + 1] + o, first + p)];
                    shared[at] = HedgeLanes<FloatLane, float>.ActivateBackward((Activation)s.Activation, argument, value, shared[at]);
                }
            int below = table[s.TapeAt + 2 * l];
            for (int k = Group.IdxX; k < inputs * Tile; k += Group.DimX) shared[x + k / Tile * Stride + k % Tile] = tape[OnTape(s, decision, below + k / Tile, first + k % Tile)];
            Group.Barrier();
            long weightSums = sumsAt + table[entry + 5], biasSums = sumsAt + table[entry + 6];
            for (int k = Group.IdxX; k < outputs / 4 * (inputs / 4); k += Group.DimX)
                AddProducts(shared, dy + k / (inputs / 4) * 4 * Stride, x + k % (inputs / 4) * 4 * Stride, sums, weightSums + 16L * k);
            for (int o = Group.IdxX; o < outputs; o += Group.DimX)
            {
                float sum = 0;
                for (int p = 0; p < Tile; p++) sum += shared[dy + o * Stride + p];
                sums[biasSums + o] += sum;
            }
            for (int k = Group.IdxX; k < inputs / 4 * Tile; k += Group.DimX)
            {
                int i = k / Tile * 4, p = k % Tile, w = transpose + i * outputs, from = dy + p, to = dx + i * Stride + p;
                float a = 0, b = 0, c = 0, d = 0;
                for (int o = 0; o < outputs; o++)
                {
                    float v = shared[from];
                    a = FloatLane.Fma(weights[w], v, a);
                    b = FloatLane.Fma(weights[w + 1], v, b);
                    c = FloatLane.Fma(weights[w + 2], v, c);
                    d = FloatLane.Fma(weights[w + 3], v, d);
                    w += 4;
                    from += Stride;
                }
                shared[to] = a;
                shared[to + Stride] = b;
                shared[to + 2 * Stride] = c;
                shared[to + 3 * Stride] = d;
            }
            Group.Barrier();
            int swap = dy;
            dy = dx;
            dx = swap;
        }
        return dy;
    }

    /// <summary>Four by four weights' sums over the tile's paths.</summary>
    private static void AddProducts(ArrayView<float> shared, int y, int x, ArrayView<float> sums, long at)
    {
        float s00 = 0, s01 = 0, s02 = 0, s03 = 0, s10 = 0, s11 = 0, s12 = 0, s13 = 0, s20 = 0, s21 = 0, s22 = 0, s23 = 0, s30 = 0, s31 = 0, s32 = 0, s33 = 0;
        for (int p = 0; p < Tile; p++)
        {
            float x0 = shared[x + p], x1 = shared[x + Stride + p], x2 = shared[x + 2 * Stride + p], x3 = shared[x + 3 * Stride + p];
            float g = shared[y + p];
            s00 = FloatLane.Fma(g, x0, s00);
            s01 = FloatLane.Fma(g, x1, s01);
            s02 = FloatLane.Fma(g, x2, s02);
            s03 = FloatLane.Fma(g, x3, s03);
            g = shared[y + Stride + p];
            s10 = FloatLane.Fma(g, x0, s10);
            s11 = FloatLane.Fma(g, x1, s11);
            s12 = FloatLane.Fma(g, x2, s12);
            s13 = FloatLane.Fma(g, x3, s13);
            g = shared[y + 2 * Stride + p];
            s20 = FloatLane.Fma(g, x0, s20);
            s21 = FloatLane.Fma(g, x1, s21);
            s22 = FloatLane.Fma(g, x2, s22);
            s23 = FloatLane.Fma(g, x3, s23);
            g = shared[y + 3 * Stride + p];
            s30 = FloatLane.Fma(g, x0, s30);
            s31 = FloatLane.Fma(g, x1, s31);
            s32 = FloatLane.Fma(g, x2, s32);
            s33 = FloatLane.Fma(g, x3, s33);
        }
        sums[at] += s00;
        sums[at + 1] += s01;
        sums[at + 2] += s02;
        sums[at + 3] += s03;
        sums[at + 4] += s10;
        sums[at + 5] += s11;
        sums[at + 6] += s12;
        sums[at + 7] += s13;
        sums[at + 8] += s20;
        sums[at + 9] += s21;
        sums[at + 10] += s22;
        sums[at + 11] += s23;
        sums[at + 12] += s30;
        sums[at + 13] += s31;
        sums[at + 14] += s32;
        sums[at + 15] += s33;
    }

    /// <summary>What the inputs' derivatives add to those of the holdings and of the P&amp;L.</summary>
    private static void TakeInputGradients(
        HedgeLaunch s, ArrayView<int> table, ArrayView<float> numbers, ArrayView<float> pnlGradient, ArrayView<float> holdingGradient, ArrayView<float> shared, int from, int first, int p, int step)
    {
        for (int i = 0; i < s.Inputs; i++)
        {
            int kind = table[2 * i];
            float d = shared[from + i * Stride + p], scale = numbers[2 * i + 1];
            if (kind == 2)
            {
                long at = (long)table[2 * i + 1] * s.Paths + first + p;
                holdingGradient[at] = FloatLane.Fma(d, scale, holdingGradient[at]);
            }
            else if (kind == 3) pnlGradient[first + p] = FloatLane.Fma(d, scale / numbers[s.GrowthAt + step], pnlGradient[first + p]);
        }
    }
}
