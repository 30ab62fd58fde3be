using System.Globalization;
using Appliance.Contract;
using Appliance.Fix;
using Appliance.Risk;

namespace Appliance.Host.Composition;

/// <summary>
/// Orders that the venue listed and nobody here knows, for the person who has to decide about them: each is named once, as soon as it is seen. Reads the order table from beside; a record that changes
/// in that moment is described by what it was or will be.
/// </summary>
internal sealed class UnknownOrders(InstrumentDefinition[] instruments)
{
    private readonly HashSet<ulong> _named = [];

    /// <summary>Whether there may be one that was not named yet; costs a comparison, and allocates nothing.</summary>
    public bool HasNews(OrderTable orders) => orders.Counters.UnknownOrders + orders.Counters.ContradictedEnds > _named.Count;

    /// <summary>A line for each order found that was not named before.</summary>
    public IEnumerable<string> News(OrderTable orders, FoundOrders? names)
    {
        for (int i = 0; i < orders.LiveCount; i++)
        {
            OrderRecord order = orders[orders.LiveSlot(i)];
            if (!order.IsFound || order.Instrument >= instruments.Length || !_named.Add(order.CurrentId)) continue;
            InstrumentDefinition of = instruments[order.Instrument];
            string name = NameOf(names)(order.CurrentId);
            yield return string.Create(CultureInfo.InvariantCulture,
                $"unknown order at the venue: {name}, {of.Symbol} {order.Side.ToString().ToLowerInvariant()} {(decimal)order.QuantityUnits / of.QuantityUnitsPerOne} at {(decimal)order.PriceUnits / of.PriceUnitsPerOne}, {(decimal)order.CumulativeQuantityUnits / of.QuantityUnitsPerOne} filled; it counts against the limits, and `appliance console --cancel-unknown {name}` withdraws it");
        }
    }

    /// <summary>How an order is called at the venue.</summary>
    public static Func<ulong, string> NameOf(FoundOrders? names) =>
        id => names is not null && names.TryGet(id, out var found) ? found.ClientOrderId.ToString() : id.ToString(CultureInfo.InvariantCulture);
}
