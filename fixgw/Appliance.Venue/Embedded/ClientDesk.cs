using Appliance.Contract;
using Appliance.Fix;
using Appliance.Venue.Matching;

namespace Appliance.Venue.Embedded;

/// <summary>A client's request, held until its delay is over. Kind None means that the client has left and wants its orders cancelled.</summary>
internal struct DeskRequest
{
    public long DueNs;
    public FixText Id;
    public FixText OriginalId;
    public long PriceUnits;
    public long QuantityUnits;
    public int Client;
    public OrderRequestKind Kind;
    public ushort Instrument;
    public Side Side;
    public TimeInForce TimeInForce;
    public bool IsMarket;
    public bool PossibleResend;
}

/// <summary>
/// Client requests against the books: checks, delay, faults on purpose, and the reports that answer. An order's acknowledgement goes out before its executions.
/// A replacement states the order's new total; one that leaves nothing to execute is rejected as too late.
/// </summary>
internal sealed class ClientDesk
{
    // FIX OrdRejReason (103) and CxlRejReason (102).
    private const ushort UnknownSymbol = 1, ExchangeClosed = 2, DuplicateOrder = 6, IncorrectQuantity = 13, OtherReason = 99;
    private const ushort TooLate = 0, UnknownOrder = 1;

    private readonly VenueOptions _options;
    private readonly MatchingEngine<VenueHandler> _engine;
    private readonly ClientReports _reports;
    private readonly InstrumentDefinition[] _instruments;
    private readonly DeskRequest[] _delayed;
    private readonly bool[] _tradable;
    private long _delayedWritten;
    private long _delayedRead;
    private VenueRandom _random;

    public ClientDesk(VenueOptions options, MatchingEngine<VenueHandler> engine, ClientReports reports)
    {
        _options = options;
        _engine = engine;
        _reports = reports;
        _instruments = options.Instruments.Select(i => i.Definition).ToArray();
        _tradable = new bool[_instruments.Length];
        _delayed = new DeskRequest[options.RequestsMax];
        // Not the background's stream: whether a client trades must not change what the others do.
        _random = new VenueRandom(options.Seed ^ 0xC11E57);
    }

    public void SetTradable(int instrument, bool tradable) => _tradable[instrument] = tradable;

    public long NextDueNs => _delayedRead == _delayedWritten ? long.MaxValue : _delayed[_delayedRead & (_delayed.Length - 1)].DueNs;

    /// <summary>Takes a request in; it acts at once when there is no delay.</summary>
    public bool Accept(ref DeskRequest request, long nowNs)
    {
        request.DueNs = nowNs + _options.OrderDelayNs;
        // The last places are kept for clients that leave: their orders must not stand on for want of one.
        long room = _delayed.Length - (_delayedWritten - _delayedRead);
        if (room <= (request.Kind == OrderRequestKind.None ? 0 : _options.Fix.MaxSessions))
        {
            Refuse(in request);
            return false;
        }
        _delayed[_delayedWritten++ & (_delayed.Length - 1)] = request;
        return true;
    }

    /// <summary>Lets the next request that is due act; the caller then ends the transaction.</summary>
    /// <param name="leaver">The client that has left: the caller cancels its orders, one a transaction. −1 otherwise.</param>
    public bool ActOnNext(long nowNs, out int instrument, out int leaver)
    {
        instrument = leaver = -1;
        if (NextDueNs > nowNs) return false;
        DeskRequest request = _delayed[_delayedRead++ & (_delayed.Length - 1)];
        instrument = request.Instrument < _instruments.Length ? request.Instrument : -1;
        switch (request.Kind)
        {
            case OrderRequestKind.None: leaver = request.Client; break;
            case OrderRequestKind.New: New(in request); break;
            case OrderRequestKind.Amend: Replace(in request); break;
            case OrderRequestKind.Cancel: Cancel(in request); break;
            case OrderRequestKind.Status: Status(in request); break;
            case OrderRequestKind.MassStatus: _reports.MassStatus(request.Client, in request.Id, request.Instrument); break;
        }
        return true;
    }

    /// <summary>Cancels one standing order of the client; false when none is left. One call is one transaction.</summary>
    public bool CancelOne(int client, ref int from, ExecutionKind kind)
    {
        for (; from < _reports.Orders.Count; from++)
        {
            ref ClientOrder order = ref _reports.Orders[from];
            if (!order.IsOpen || (client >= 0 && order.Client != client)) continue;
            if (order.Reference != 0) _engine.Cancel(order.Reference);
            order.Reference = 0;
            _reports.Send(from, kind, kind == ExecutionKind.Expired ? OrderStatus.Expired : OrderStatus.Cancelled);
            from++;
            return true;
        }
        return false;
    }

    /// <summary>An order of a client traded; the engine is in the middle of its work, so only reports are made here.</summary>
    public void OnFill(ulong slot, in MatchedTrade trade, bool maker)
    {
        ref ClientOrder order = ref _reports.Orders[(int)slot];
        bool filled = order.CumulativeUnits + trade.QuantityUnits >= order.TotalUnits;
        if (maker && trade.MakerRemainingUnits == 0) order.Reference = 0;
        _reports.Send((int)slot, ExecutionKind.Trade, filled ? OrderStatus.Filled : OrderStatus.PartiallyFilled, trade.PriceUnits, trade.QuantityUnits, maker);
    }

    private void Refuse(in DeskRequest request)
    {
        // A question that finds no room is asked again.
        if (request.Kind is OrderRequestKind.None or OrderRequestKind.Status or OrderRequestKind.MassStatus) return;
        if (request.Kind == OrderRequestKind.New) _reports.Reject(request.Client, in request, OtherReason);
        else _reports.RejectChange(request.Client, in request, OtherReason, _reports.Orders.Find(request.Client, in request.OriginalId));
    }

    private ushort? FaultOf(in DeskRequest request)
    {
        if (request.Instrument >= _instruments.Length) return UnknownSymbol;
        if (!_tradable[request.Instrument]) return ExchangeClosed;
        InstrumentDefinition definition = _instruments[request.Instrument];
        if (request.QuantityUnits <= 0 || request.QuantityUnits > int.MaxValue || request.QuantityUnits % definition.LotSizeUnits != 0) return IncorrectQuantity;
        if (!request.IsMarket && (request.PriceUnits <= 0 || request.PriceUnits > uint.MaxValue || request.PriceUnits % definition.TickSizeUnits != 0)) return OtherReason;
        if (request.Side is not (Side.Buy or Side.Sell)) return OtherReason;
        return _options.RejectRate > 0 && _random.NextDouble() < _options.RejectRate ? OtherReason : null;
    }

    private void New(in DeskRequest request)
    {
        int known = _reports.Orders.Find(request.Client, in request.Id);
        if (known >= 0)
        {
            // A repetition of an order that we have is answered with its state, never executed again.
            if (request.PossibleResend) _reports.Send(known, ExecutionKind.Status, ClientReports.StatusOf(in _reports.Orders[known]));
            else _reports.Reject(request.Client, in request, DuplicateOrder);
            return;
        }
        ushort? fault = _reports.Orders.IsFull ? OtherReason : FaultOf(in request);
        if (fault is { } reason)
        {
            _reports.Reject(request.Client, in request, reason);
            return;
        }
        TimeInForce timeInForce = request.IsMarket && request.TimeInForce != TimeInForce.FillOrKill ? TimeInForce.ImmediateOrCancel : request.TimeInForce;
        long price = request.PriceUnits;
        if (request.IsMarket) price = request.Side == Side.Buy ? uint.MaxValue : 1;

        int slot = _reports.Acknowledge(in request, timeInForce);
        SubmitOutcome outcome = _engine.Submit(request.Instrument, request.Side, price, request.QuantityUnits, timeInForce, _reports.AccountOf(request.Client), (ulong)slot);
        Settle(slot, outcome);
    }

    private void Status(in DeskRequest request)
    {
        int slot = _reports.Orders.Find(request.Client, in request.Id);
        if (slot >= 0) _reports.Send(slot, ExecutionKind.Status, ClientReports.StatusOf(in _reports.Orders[slot]));
        else _reports.StatusOfNone(in request);
    }

    private void Settle(int slot, SubmitOutcome outcome)
    {
        ref ClientOrder order = ref _reports.Orders[slot];
        order.Reference = outcome.Reference;
        if (outcome.Status is SubmitStatus.Cancelled or SubmitStatus.Killed or SubmitStatus.BookFull)
            _reports.Send(slot, ExecutionKind.Cancelled, OrderStatus.Cancelled);
    }

    private void Cancel(in DeskRequest request)
    {
        int slot = _reports.Orders.Find(request.Client, in request.OriginalId);
        if (slot < 0 || !_reports.Orders[slot].IsOpen)
        {
            _reports.RejectChange(request.Client, in request, slot < 0 ? UnknownOrder : TooLate, slot);
            return;
        }
        ref ClientOrder order = ref _reports.Orders[slot];
        FixText original = order.ClientOrderId;
        _engine.Cancel(order.Reference);
        order.Reference = 0;
        _reports.Send(slot, ExecutionKind.Cancelled, OrderStatus.Cancelled, id: request.Id, originalId: original);
    }

    private void Replace(in DeskRequest request)
    {
        int slot = _reports.Orders.Find(request.Client, in request.OriginalId);
        ushort? reason = null;
        if (slot < 0) reason = UnknownOrder;
        else if (!_reports.Orders[slot].IsOpen || request.QuantityUnits <= _reports.Orders[slot].CumulativeUnits) reason = TooLate;
        else if (_reports.Orders.Find(request.Client, in request.Id) >= 0) reason = DuplicateOrder;
        else if (request.IsMarket || request.Instrument != _reports.Orders[slot].Instrument || FaultOf(in request) is not null) reason = OtherReason;
        if (reason is { } code)
        {
            _reports.RejectChange(request.Client, in request, code, slot);
            return;
        }
        ref ClientOrder order = ref _reports.Orders[slot];
        FixText original = order.ClientOrderId;
        order.PriceUnits = request.PriceUnits;
        order.TotalUnits = request.QuantityUnits;
        _reports.Send(slot, ExecutionKind.Replaced, order.CumulativeUnits > 0 ? OrderStatus.PartiallyFilled : OrderStatus.Replaced, id: request.Id, originalId: original);
        ulong standing = order.Reference;
        SubmitOutcome outcome = _engine.Replace(standing, request.PriceUnits, order.TotalUnits - order.CumulativeUnits, (ulong)slot);
        // Without room for the new price the old order must not stand on under the new name.
        if (outcome.Status == SubmitStatus.BookFull) _engine.Cancel(standing);
        Settle(slot, outcome);
    }
}
