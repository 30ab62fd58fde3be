using System.Runtime.CompilerServices;
using Appliance.Lab.Specification;

namespace Appliance.Lab.Costs;

/// <summary>The cost of one trade, for the engine, the certificates and the gradients alike: proportional·S·|n| + fixed·[n ≠ 0] + quadratic·S·n².</summary>
public readonly struct TradeCost(CostSpecification costs)
{
    public readonly double Proportional = costs.Proportional, Fixed = costs.Fixed, Quadratic = costs.Quadratic;

    public bool IsFree => Proportional == 0 && Fixed == 0 && Quadratic == 0;

    /// <param name="units">Units traded, signed.</param>
    /// <param name="price">Quote currency per unit.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public double Of(double units, double price)
    {
        double size = Math.Abs(units);
        // The value of a variance swap or of an option sold may be negative; its cost is not.
        double value = Math.Abs(price) * size;
        return value * Proportional + value * size * Quadratic + (size > 0 ? Fixed : 0);
    }
}
