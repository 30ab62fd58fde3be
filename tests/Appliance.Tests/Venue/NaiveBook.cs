using Appliance.Contract;

namespace Appliance.Tests.Venue;

/// <summary>
/// Price-time matching written the slow, plain way: one list of orders in order of arrival, searched anew for each execution. It shares nothing with the
/// engine but the meaning of the words, and writes what happens as lines of text.
/// </summary>
internal sealed class NaiveBook
{
    private sealed class Order
    {
        public int Name;
        public int Instrument;
        public Side Side;
        public long Price;
        public long Quantity;
    }

    private readonly List<Order> _orders = [];
    private int _names;

    public List<string> Log { get; } = [];

    /// <summary>Returns the name of the resting order, or −1.</summary>
    public int Submit(int instrument, Side side, long price, long quantity, TimeInForce timeInForce)
    {
        if (timeInForce == TimeInForce.FillOrKill && Opposite(instrument, side, price).Sum(o => o.Quantity) < quantity)
        {
            Log.Add("killed");
            return -1;
        }
        while (quantity > 0 && Best(instrument, side, price) is { } maker)
        {
            long traded = Math.Min(quantity, maker.Quantity);
            quantity -= traded;
            maker.Quantity -= traded;
            Log.Add($"X {maker.Name} {traded}@{maker.Price} left {maker.Quantity}");
            if (maker.Quantity == 0) _orders.Remove(maker);
        }
        if (quantity == 0 || timeInForce is TimeInForce.ImmediateOrCancel or TimeInForce.FillOrKill) return -1;
        var order = new Order { Name = _names++, Instrument = instrument, Side = side, Price = price, Quantity = quantity };
        _orders.Add(order);
        Log.Add($"A {order.Name} {side} {quantity}@{price}");
        return order.Name;
    }

    public bool Cancel(int name)
    {
        if (_orders.Find(o => o.Name == name) is not { } order) return false;
        _orders.Remove(order);
        Log.Add($"D {name}");
        return true;
    }

    public int Replace(int name, long price, long quantity)
    {
        if (_orders.Find(o => o.Name == name) is not { } order) return -1;
        if (price == order.Price && quantity <= order.Quantity)
        {
            if (quantity < order.Quantity) Log.Add($"R {name} {order.Quantity - quantity}");
            order.Quantity = quantity;
            return name;
        }
        _orders.Remove(order);
        if (Best(order.Instrument, order.Side, price) is not null)
        {
            Log.Add($"D {name}");
            return Submit(order.Instrument, order.Side, price, quantity, TimeInForce.Day);
        }
        var moved = new Order { Name = _names++, Instrument = order.Instrument, Side = order.Side, Price = price, Quantity = quantity };
        _orders.Add(moved);
        Log.Add($"U {name} {moved.Name} {quantity}@{price}");
        return moved.Name;
    }

    /// <summary>Every side best first: price, then names in order of priority with their quantities.</summary>
    public List<string> Books(int instruments)
    {
        var lines = new List<string>();
        for (int i = 0; i < instruments; i++)
            foreach (Side side in new[] { Side.Buy, Side.Sell })
            {
                var levels = _orders.Where(o => o.Instrument == i && o.Side == side).GroupBy(o => o.Price).OrderBy(g => side == Side.Buy ? -g.Key : g.Key);
                lines.AddRange(levels.Select(level => $"{i} {side} {level.Key}: {string.Join(' ', level.Select(o => $"{o.Name}x{o.Quantity}"))}"));
            }
        return lines;
    }

    private IEnumerable<Order> Opposite(int instrument, Side side, long price) => _orders.Where(o =>
        o.Instrument == instrument && o.Side != side && (side == Side.Buy ? o.Price <= price : o.Price >= price));

    // List order is arrival order, and OrderBy is stable: the oldest of the best price.
    private Order? Best(int instrument, Side side, long price) =>
        Opposite(instrument, side, price).OrderBy(o => side == Side.Buy ? o.Price : -o.Price).FirstOrDefault();
}
