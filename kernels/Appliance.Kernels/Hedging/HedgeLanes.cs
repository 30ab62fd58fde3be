using System.Runtime.CompilerServices;
using Appliance.Kernels.Networks;

namespace Appliance.Kernels.Hedging;

/// <summary>What stands between a network's last layer and the map to a holding.</summary>
public enum OutputSquash { Identity, Softplus, Sigmoid, Tanh }

/// <summary>What a mapped output is: a position, a multiple of the neutral hedge, or an addition to it.</summary>
public enum OutputMeaning { Position, NeutralMultiple, NeutralOffset }

/// <summary>
/// A hedge's formulas in training and their derivatives, one path a lane: gains, costs, activations, heads and bands. The lab runs them over registers, the device one number a thread; each operation rounds as IEEE 754 says, so both have the same
/// bits. Where one operand may be no number it stands second in Least and Largest, so that it is passed on and a training that went wrong shows.
/// </summary>
internal static class HedgeLanes<L, V> where V : struct where L : struct, IFloatLanes<V>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Absolute(V x) => L.WhereGreater(L.All(0), x, L.Subtract(L.All(0), x), x);

    /// <summary>−1, 0 or 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Sign(V x) => L.Subtract(L.WhereGreater(x, L.All(0), L.All(1), L.All(0)), L.WhereGreater(L.All(0), x, L.All(1), L.All(0)));

    /// <summary>A trade's cost: |S|·size·(proportional + quadratic·size), and the fixed one where there is a trade.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Cost(V price, V size, V proportional, V quadratic, V perTrade) =>
        L.Add(L.Multiply(L.Multiply(Absolute(price), size), L.Fma(quadratic, size, proportional)), L.WhereGreater(size, L.All(0), perTrade, L.All(0)));

    /// <summary>Its derivative by the units traded.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V CostSlope(V price, V trade, V proportional, V twiceQuadratic) =>
        L.Multiply(L.Multiply(Absolute(price), L.Fma(twiceQuadratic, Absolute(trade), proportional)), Sign(trade));

    /// <summary>What one unit earns over a step, at maturity.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Move(V price, V next, V growth, V nextGrowth) => L.Subtract(L.Multiply(nextGrowth, next), L.Multiply(growth, price));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Sigmoid(V x) => L.Divide(L.All(1), L.Add(L.All(1), Exp(L.Subtract(L.All(0), x))));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Tanh(V x) => L.Subtract(L.All(1), L.Divide(L.All(2), L.Add(Exp(L.Add(x, x)), L.All(1))));

    /// <summary>ln(1 + e^x), without overflow: max(x, 0) + ln(1 + e^(−|x|)), the logarithm by its artanh series, absolute error below 3e-7.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Softplus(V x)
    {
        V e = Exp(L.Subtract(L.All(0), Absolute(x)));
        // ln(1 + e) = 2 artanh(e / (2 + e)), the argument at most 1/3.
        V s = L.Divide(e, L.Add(L.All(2), e)), q = L.Multiply(s, s);
        V p = L.Fma(L.All(2f / 13), q, L.All(2f / 11));
        p = L.Fma(p, q, L.All(2f / 9));
        p = L.Fma(p, q, L.All(2f / 7));
        p = L.Fma(p, q, L.All(2f / 5));
        p = L.Fma(p, q, L.All(2f / 3));
        p = L.Fma(p, q, L.All(2));
        return L.Fma(p, s, L.Largest(L.All(0), x));
    }

    /// <summary>Training's single-precision e^x: held at ±87, relative error below 2e-7.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Exp(V x)
    {
        V limit = L.All(87), below = L.All(-87);
        x = L.WhereGreater(x, limit, limit, x);
        x = L.WhereGreater(below, x, below, x);
        V shifted = L.Fma(x, L.All(1.44269504f), L.All(12582912f));
        V k = L.Subtract(shifted, L.All(12582912f));
        V r = L.Fma(L.Subtract(L.All(0), k), L.All(0.693145752f), x);
        r = L.Fma(L.Subtract(L.All(0), k), L.All(1.42860677e-6f), r);
        V p = L.Fma(L.All(1f / 5040), r, L.All(1f / 720));
        p = L.Fma(p, r, L.All(1f / 120));
        p = L.Fma(p, r, L.All(1f / 24));
        p = L.Fma(p, r, L.All(1f / 6));
        p = L.Fma(p, r, L.All(0.5f));
        p = L.Fma(p, r, L.All(1));
        p = L.Fma(p, r, L.All(1));
        return L.Multiply(p, L.PowerOfTwo(shifted));
    }

    /// <summary>Of a hidden layer: relu, tanh or silu.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Activate(Activation activation, V x) => activation switch
    {
        Activation.Relu => L.Largest(L.All(0), x),
        Activation.Tanh => Tanh(x),
        _ => L.Multiply(x, Sigmoid(x)),
    };

    /// <summary>The derivative to the argument of what has the derivative <paramref name="d"/> to the value.</summary>
    /// <param name="argument">Of silu; the others need their value alone.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V ActivateBackward(Activation activation, V argument, V value, V d)
    {
        if (activation == Activation.Relu) return L.WhereGreater(value, L.All(0), d, L.All(0));
        if (activation == Activation.Tanh) return L.Multiply(d, L.Fma(L.Subtract(L.All(0), value), value, L.All(1)));
        // (x·s)′ = s·(1 + x·(1 − s)).
        V s = Sigmoid(argument);
        return L.Multiply(d, L.Multiply(s, L.Fma(argument, L.Subtract(L.All(1), s), L.All(1))));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Squashed(OutputSquash squash, V x)
    {
        if (squash == OutputSquash.Identity) return x;
        if (squash == OutputSquash.Softplus) return Softplus(x);
        return squash == OutputSquash.Sigmoid ? Sigmoid(x) : Tanh(x);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V SquashedSlope(OutputSquash squash, V x)
    {
        if (squash == OutputSquash.Identity) return L.All(1);
        if (squash == OutputSquash.Softplus) return Sigmoid(x);
        if (squash == OutputSquash.Sigmoid)
        {
            V s = Sigmoid(x);
            return L.Multiply(s, L.Subtract(L.All(1), s));
        }
        V t = Tanh(x);
        return L.Subtract(L.All(1), L.Multiply(t, t));
    }

    /// <summary>From an output to a holding: offset + scale·squashed, held within its bounds, meant as the head means it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Holding(OutputSquash squash, OutputMeaning meaning, V output, V neutral, V scale, V offset, V lower, V upper)
    {
        V mapped = L.Least(upper, L.Largest(lower, L.Fma(scale, Squashed(squash, output), offset)));
        if (meaning == OutputMeaning.Position) return mapped;
        return meaning == OutputMeaning.NeutralOffset ? L.Add(mapped, neutral) : L.Multiply(mapped, neutral);
    }

    /// <summary>Its derivative by the output: none beyond a bound.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V HoldingSlope(OutputSquash squash, OutputMeaning meaning, V output, V neutral, V scale, V offset, V lower, V upper)
    {
        V value = L.Fma(scale, Squashed(squash, output), offset);
        V inside = L.Multiply(scale, SquashedSlope(squash, output));
        V slope = L.WhereGreater(value, upper, L.All(0), L.WhereGreater(lower, value, L.All(0), inside));
        return meaning == OutputMeaning.NeutralMultiple ? L.Multiply(slope, neutral) : slope;
    }

    /// <summary>Edges of a band that cross both become their middle. Returns 1 where they did, else 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Uncross(ref V lower, ref V upper)
    {
        V crossed = L.WhereGreater(lower, upper, L.All(1), L.All(0)), middle = L.Multiply(L.All(0.5f), L.Add(lower, upper));
        lower = L.WhereGreater(crossed, L.All(0), middle, lower);
        upper = L.WhereGreater(crossed, L.All(0), middle, upper);
        return crossed;
    }

    /// <summary>What a band keeps of the holding before: min(max(prior, lower), upper).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Clamp(V prior, V lower, V upper) => L.Least(upper, L.Largest(lower, prior));

    /// <summary>
    /// The holding's derivative shared out to what set it: the upper edge where it binds, else the lower edge where it does, else what was held; crossed edges take half each. What is left for the holding before is returned.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V ClampBackward(V prior, V lower, V upper, V crossed, V d, out V byLower, out V byUpper)
    {
        V zero = L.All(0), half = L.Multiply(d, L.All(0.5f));
        V raised = L.Largest(lower, prior);
        V atUpper = L.WhereGreater(raised, upper, L.All(1), zero);
        V atLower = L.WhereGreater(atUpper, zero, zero, L.WhereGreater(lower, prior, L.All(1), zero));
        byUpper = L.WhereGreater(crossed, zero, half, L.WhereGreater(atUpper, zero, d, zero));
        byLower = L.WhereGreater(crossed, zero, half, L.WhereGreater(atLower, zero, d, zero));
        return L.WhereGreater(L.Add(crossed, L.Add(atUpper, atLower)), zero, zero, d);
    }
}
