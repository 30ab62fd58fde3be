using System.Globalization;
using Appliance.Contract;
using Appliance.Fix;

namespace Appliance.Host.Composition;

/// <summary>
/// Which logged requests of earlier runs may still stand at the venue. An order goes by several identifiers, its own and those of its amends and cancels;
/// the log links each to the one it replaces, so the end of the order, under whichever identifier it was reported, is the end of all of them.
/// </summary>
internal sealed class EarlierOrders
{
    private readonly OrderLog _log;
    // Request to the request that began its order; a request to its index would serve as well, but logs are read rarely.
    private readonly Dictionary<ulong, ulong> _first = [];
    private readonly Dictionary<ulong, OrderRequestKind> _kind = [];
    private readonly HashSet<ulong> _endedOrders = [], _answered = [];

    public EarlierOrders(OrderLog log)
    {
        _log = log;
        // A request follows in the log what it refers to; one whose original was forgotten begins a chain of its own.
        for (int i = 0; i < log.CountOfEarlierRuns; i++)
        {
            ref readonly var r = ref log[i];
            ulong original = r.Kind == OrderRequestKind.New ? 0 : r.OriginalClientOrderId;
            _first[r.ClientOrderId] = original == 0 ? r.ClientOrderId : _first.GetValueOrDefault(original, original);
            _kind[r.ClientOrderId] = r.Kind;
        }
    }

    /// <summary>An event of an earlier run's journal.</summary>
    public void See(ref RingEvent e)
    {
        if (e.Kind is not (EventKind.ExecutionReported or EventKind.OrderUnsent)) return;
        ref var x = ref RingEvent.AsExecution(ref e);
        ulong id = x.ClientOrderId;
        bool isRefused = e.Kind == EventKind.OrderUnsent
            || x.ExecutionKind is ExecutionKind.Rejected or ExecutionKind.CancelRejected or ExecutionKind.AmendRejected or ExecutionKind.BusinessRejected or ExecutionKind.SessionRejected;
        bool isEnd = !isRefused && (x.ExecutionKind is ExecutionKind.Cancelled or ExecutionKind.Expired || x.OrderStatus == OrderStatus.Filled);
        // A refused amend or cancel leaves its order as it was: only the request is over.
        if (isRefused) _answered.Add(id);
        if (isEnd || isRefused && _kind.GetValueOrDefault(id) == OrderRequestKind.New) _endedOrders.Add(_first.GetValueOrDefault(id, id));
    }

    public IReadOnlyList<OrderLogRecord> MaybeSent() => _log.MaybeSent(id => _answered.Contains(id) || _endedOrders.Contains(_first[id]));

    /// <summary>One line for the operator, who has to find the order at the venue.</summary>
    public static string Describe(in OrderLogRecord r, InstrumentDefinition[] instruments)
    {
        string what = $"{r.Kind.ToString().ToLowerInvariant()} {r.ClientOrderId}" + (r.OriginalClientOrderId != 0 ? $" of {r.OriginalClientOrderId}" : "");
        if (r.Instrument >= instruments.Length) return $"maybe sent: {what}, instrument {r.Instrument} of another desk file";
        var i = instruments[r.Instrument];
        string quantity = ((decimal)r.QuantityUnits / i.QuantityUnitsPerOne).ToString(CultureInfo.InvariantCulture), price = ((decimal)r.PriceUnits / i.PriceUnitsPerOne).ToString(CultureInfo.InvariantCulture);
        return $"maybe sent: {what}, {i.Symbol} {r.Side.ToString().ToLowerInvariant()} {quantity} at {price}";
    }
}
