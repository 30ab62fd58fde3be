using Appliance.Contract;
using Appliance.Venue.Statements;

namespace Appliance.Venue.Paper;

/// <summary>
/// Fills from replayed market data, all in sequenced time: a function of the market events and of the orders, so two runs at any speed agree.
/// <para>Rules. A request reaches the venue OrderLatencyNs after the event that caused it; market events of that same nanosecond come first. What it can take
/// is what is displayed then, level by level, a report each; what we took of a level is gone until the feed states the level anew. What rests stands behind the
/// quantity displayed at its price. A trade at our price first uses up that queue; a trade beyond our price means the queue is gone and fills us, in both cases never for more than
/// was traded. A displayed quantity that shrinks without trades is taken to shrink behind us first: the queue ahead is the smaller of itself and what is
/// displayed. Opposite quotes at or beyond our price do not fill us: only trades do. Reports reach us ReportLatencyNs later.</para>
/// <para>Threads. <see cref="Send"/> belongs to the sending thread; everything else is called by <see cref="PaperSource{TSink}"/> on the ingest thread, which lets
/// sequenced time pass only when the deciding thread has handled everything before.</para>
/// </summary>
public sealed class PaperVenue : IOrderGateway
{
    /// <summary>An arrival makes at most an acknowledgement, an end and the fills between; with less room than this left, nothing more is filled.</summary>
    private const int ReportsReserve = 8;

    // FIX OrdRejReason (103) and CxlRejReason (102).
    private const ushort UnknownSymbol = 1, ExchangeClosed = 2, OtherReason = 99;
    private const ushort TooLate = 0, UnknownOrder = 1;

    private readonly PaperOptions _options;
    private readonly MarketMirror _mirror;
    private readonly InFlightQueue _inFlight;
    private readonly ReportQueue _reports;
    private readonly PaperOrder[] _working;
    private readonly OrderEncoding? _encode;
    private int _workingCount;
    private bool _ended;

    public PaperVenue(ReadOnlySpan<InstrumentDefinition> instruments, PaperOptions options, OrderEncoding? encode = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        _options = options;
        _encode = encode;
        Instruments = instruments.Length;
        _mirror = new MarketMirror(instruments.Length, options);
        _inFlight = new InFlightQueue(options.InFlightMax);
        _reports = new ReportQueue(options.ReportsMax);
        _working = TouchedArray.Of<PaperOrder>(options.WorkingMax);
        Ledger = new VenueLedger(instruments, options.FeesOf(instruments.Length), accountsMax: 1);
        Account = Ledger.Open("PAPER");
    }

    public int Instruments { get; }
    public PaperCounters Counters { get; } = new();
    public VenueLedger Ledger { get; }
    /// <summary>Our account in <see cref="Ledger"/>.</summary>
    public int Account { get; }
    public int WorkingOrders => _workingCount;
    /// <summary>Source index of our execution events.</summary>
    public ushort Session => _options.Session;
    public bool IsUp => true;
    public long LastEncodedNs { get; private set; }
    public long LastSentNs { get; private set; }

    public SendResult Send(in ApprovedOrder order)
    {
        if (!order.IsApproved) ThrowNotApproved();
        if (_encode is not null) Counters.BytesEncoded += _encode(in order);
        if (_options.TakesStamps) LastEncodedNs = default(HostMonotonicClock).NowNs();
        var request = new InFlight
        {
            DueUtcNs = order.TimeUtcNs + _options.OrderLatencyNs, ClientOrderId = order.ClientOrderId, OriginalClientOrderId = order.OriginalClientOrderId,
            PriceUnits = order.PriceUnits, QuantityUnits = order.QuantityUnits, Instrument = order.Instrument, Kind = order.Kind, Side = order.Side,
            TimeInForce = order.TimeInForce,
        };
        bool accepted = _inFlight.TryAdd(in request);
        if (_options.TakesStamps) LastSentNs = default(HostMonotonicClock).NowNs();
        if (accepted) return SendResult.Sent;
        Counters.BackPressure++;
        return SendResult.BackPressure;
    }

    /// <summary>Reports enter the ring in sequenced time through the source; there is nothing to read here.</summary>
    public int Poll(long monotonicNs, long utcNs) => 0;

    public void Dispose() { }

    /// <summary>The next thing of our own that happens, if any: a report's publication, or a request's arrival. Reports go first at equal times.</summary>
    internal bool TryNextDue(out long dueUtcNs, out bool isReport)
    {
        bool arrives = _inFlight.TryPeek(out InFlight request);
        dueUtcNs = arrives ? request.DueUtcNs : long.MaxValue;
        isReport = !_reports.IsEmpty && _reports.Peek().TimeUtcNs <= dueUtcNs;
        if (isReport) dueUtcNs = _reports.Peek().TimeUtcNs;
        return isReport || arrives;
    }

    internal bool HasReport => !_reports.IsEmpty;

    /// <summary>Writes the next report into a claimed slot.</summary>
    internal void TakeReport(ref RingEvent slot)
    {
        RingEvent.AsExecution(ref slot) = _reports.Peek();
        if (_options.TakesStamps) slot.ReceivedNs = default(HostMonotonicClock).NowNs();
        _reports.Drop();
    }

    /// <summary>A market event that the ring is about to get: what it trades may fill us, what it changes is mirrored.</summary>
    internal void Observe(ref RingEvent e)
    {
        if (_mirror.TradeOf(ref e, out SeenTrade trade)) OnTrade(in trade, e.TimeUtcNs);
        _mirror.Apply(ref e);
        if (e.IsDecideMark && _workingCount > 0) ClampQueues();
    }

    /// <summary>The next request reaches the venue.</summary>
    internal void Arrive()
    {
        if (!_inFlight.TryPeek(out InFlight request)) return;
        _inFlight.Drop();
        switch (request.Kind)
        {
            case OrderRequestKind.New:
                Activity.Orders++;
                OnNew(in request);
                break;
            case OrderRequestKind.Amend:
                Activity.Amends++;
                OnAmend(in request);
                break;
            case OrderRequestKind.Cancel:
                Activity.Cancels++;
                OnCancel(in request);
                break;
            case OrderRequestKind.MassStatus: EndMassStatus(in request, request.DueUtcNs); break;
        }
    }

    /// <summary>Asked when the session comes up, which here is before the first order: none stands.</summary>
    private void EndMassStatus(in InFlight request, long nowUtcNs) => AddOrThrow(new Execution
    {
        Kind = EventKind.MassStatusEnded, Instrument = RingEvent.AllInstruments, Source = _options.Session, TimeUtcNs = nowUtcNs + _options.ReportLatencyNs, ClientOrderId = request.ClientOrderId,
        ExecutionKind = ExecutionKind.Status,
    });

    private ref LedgerActivity Activity => ref Ledger.Activity(Account);

    /// <summary>Writes the statement as of <paramref name="timeUtcNs"/>; not for a hot thread.</summary>
    public void WriteStatement(string path, string reason, bool final, long timeUtcNs) =>
        StatementFile.Write(path, Ledger, "paper", reason, final, timeUtcNs, json =>
        {
            json.WriteNumber("expired", Counters.Expired);
            json.WriteNumber("afterEnd", Counters.AfterEnd);
            json.WriteNumber("fillsDeferred", Counters.FillsDeferred);
            // What the mirror of the market had to leave out: with any of these above 0 the fills are of a shorter book than the feed's.
            json.WriteStartObject("market");
            json.WriteNumber("levelsForgotten", _mirror.LevelsForgotten);
            json.WriteNumber("ordersRefused", _mirror.OrdersRefused);
            json.WriteNumber("unknownReferences", _mirror.UnknownReferences);
            json.WriteNumber("heldOverflows", _mirror.HeldOverflows);
            json.WriteEndObject();
        });

    /// <summary>The market data is over: what is under way is rejected, what rests expires, all reported after the last event.</summary>
    internal void End(long timeUtcNs)
    {
        if (_ended) return;
        _ended = true;
        while (_inFlight.TryPeek(out InFlight request))
        {
            _inFlight.Drop();
            Counters.AfterEnd++;
            if (request.Kind is OrderRequestKind.Status or OrderRequestKind.MassStatus) continue;
            if (request.Kind == OrderRequestKind.New) Reject(in request, ExchangeClosed, timeUtcNs);
            else RejectChange(in request, TooLate, timeUtcNs);
        }
        for (int i = 0; i < _workingCount; i++)
        {
            Counters.Expired++;
            Report(in _working[i], _working[i].ClientOrderId, ExecutionKind.Expired, OrderStatus.Expired, timeUtcNs);
        }
        _workingCount = 0;
    }

    private void OnNew(in InFlight request)
    {
        if (request.Instrument >= Instruments) { Reject(in request, UnknownSymbol, request.DueUtcNs); return; }
        DepthMirror depth = _mirror[request.Instrument];
        if (!depth.AllowsTrading || !depth.IsKnown) { Reject(in request, ExchangeClosed, request.DueUtcNs); return; }
        if (_workingCount == _working.Length || _reports.Room < 2 * ReportsReserve || request.QuantityUnits <= 0 || request.Side == Side.None)
        {
            Reject(in request, OtherReason, request.DueUtcNs);
            return;
        }
        var order = new PaperOrder
        {
            ClientOrderId = request.ClientOrderId, PriceUnits = request.PriceUnits, TotalUnits = request.QuantityUnits, Instrument = request.Instrument,
            Side = request.Side, TimeInForce = request.TimeInForce,
        };
        Report(in order, order.ClientOrderId, ExecutionKind.New, OrderStatus.New, request.DueUtcNs);
        Work(ref order, request.DueUtcNs);
    }

    private void OnAmend(in InFlight request)
    {
        int at = IndexOf(request.OriginalClientOrderId);
        if (at < 0) { RejectChange(in request, UnknownOrder, request.DueUtcNs); return; }
        ref PaperOrder standing = ref _working[at];
        DepthMirror depth = _mirror[standing.Instrument];
        if (request.QuantityUnits <= standing.CumulativeUnits) { RejectChange(in request, TooLate, request.DueUtcNs); return; }
        if (!depth.AllowsTrading || !depth.IsKnown || _reports.Room < 2 * ReportsReserve) { RejectChange(in request, OtherReason, request.DueUtcNs); return; }
        Activity.Replaced++;
        bool keepsPlace = request.PriceUnits == standing.PriceUnits && request.QuantityUnits <= standing.TotalUnits;
        standing.ClientOrderId = request.ClientOrderId;
        standing.PriceUnits = request.PriceUnits;
        standing.TotalUnits = request.QuantityUnits;
        Report(in standing, standing.ClientOrderId, ExecutionKind.Replaced, standing.CumulativeUnits > 0 ? OrderStatus.PartiallyFilled : OrderStatus.Replaced, request.DueUtcNs);
        if (keepsPlace) return;
        PaperOrder moved = standing;
        RemoveAt(at);
        Work(ref moved, request.DueUtcNs);
    }

    private void OnCancel(in InFlight request)
    {
        int at = IndexOf(request.OriginalClientOrderId);
        if (at < 0) { RejectChange(in request, UnknownOrder, request.DueUtcNs); return; }
        Activity.Cancelled++;
        Report(in _working[at], request.ClientOrderId, ExecutionKind.Cancelled, OrderStatus.Cancelled, request.DueUtcNs);
        RemoveAt(at);
    }

    /// <summary>Takes what is displayed within the order's price, then lets the rest stand or ends it.</summary>
    private void Work(ref PaperOrder order, long nowUtcNs)
    {
        Side opposite = order.Side == Side.Buy ? Side.Sell : Side.Buy;
        DepthMirror depth = _mirror[order.Instrument];
        if (order.TimeInForce != TimeInForce.FillOrKill || Takeable(in order, depth, opposite) >= order.LeavesUnits)
        {
            int cursor = 0;
            while (order.LeavesUnits > 0 && _reports.Room > ReportsReserve && depth.NextLevel(opposite, ref cursor, out long price, out long available))
            {
                if (!Crosses(order.Side, order.PriceUnits, price)) break;
                long taken = Math.Min(order.LeavesUnits, available);
                if (taken == 0) continue;
                depth.Use(opposite, price, taken);
                Fill(ref order, price, taken, maker: false, nowUtcNs);
            }
        }
        if (order.LeavesUnits == 0) return;
        if (order.TimeInForce is TimeInForce.ImmediateOrCancel or TimeInForce.FillOrKill)
        {
            Activity.Cancelled++;
            Report(in order, order.ClientOrderId, ExecutionKind.Cancelled, OrderStatus.Cancelled, nowUtcNs);
            return;
        }
        order.QueueAheadUnits = depth.Displayed(order.Side, order.PriceUnits);
        _working[_workingCount++] = order;
    }

    private static long Takeable(in PaperOrder order, DepthMirror depth, Side opposite)
    {
        long sum = 0;
        int cursor = 0;
        while (sum < order.LeavesUnits && depth.NextLevel(opposite, ref cursor, out long price, out long available) && Crosses(order.Side, order.PriceUnits, price))
            sum += available;
        return sum;
    }

    private static bool Crosses(Side side, long limitUnits, long priceUnits) => side == Side.Buy ? priceUnits <= limitUnits : priceUnits >= limitUnits;

    private void OnTrade(in SeenTrade trade, long nowUtcNs)
    {
        if (!_mirror[trade.Instrument].AllowsTrading) return;
        long usedUnits = 0;
        for (int i = 0; i < _workingCount; i++)
        {
            ref PaperOrder order = ref _working[i];
            if (order.Instrument != trade.Instrument) continue;
            bool through = order.Side == Side.Buy ? trade.PriceUnits < order.PriceUnits : trade.PriceUnits > order.PriceUnits;
            bool at = trade.PriceUnits == order.PriceUnits && trade.Aggressor != order.Side;
            if (!through && !at) continue;
            long queueTraded = through ? 0 : Math.Min(order.QueueAheadUnits, trade.QuantityUnits);
            order.QueueAheadUnits = through ? 0 : order.QueueAheadUnits - queueTraded;
            long filled = Math.Min(order.LeavesUnits, trade.QuantityUnits - queueTraded - usedUnits);
            if (filled <= 0) continue;
            if (_reports.Room <= ReportsReserve) { Counters.FillsDeferred++; continue; }
            usedUnits += filled;
            Fill(ref order, order.PriceUnits, filled, maker: true, nowUtcNs);
            if (order.LeavesUnits == 0) RemoveAt(i--);
        }
    }

    private void ClampQueues()
    {
        for (int i = 0; i < _workingCount; i++)
        {
            ref PaperOrder order = ref _working[i];
            DepthMirror depth = _mirror[order.Instrument];
            if (depth.IsKnown)
                order.QueueAheadUnits = Math.Min(order.QueueAheadUnits, depth.Displayed(order.Side, order.PriceUnits));
        }
    }

    private void Fill(ref PaperOrder order, long priceUnits, long units, bool maker, long nowUtcNs)
    {
        order.CumulativeUnits += units;
        Ledger.Trade(Account, order.Instrument, order.Side, priceUnits, units, maker);
        var report = Describe(in order, order.ClientOrderId, ExecutionKind.Trade, order.LeavesUnits == 0 ? OrderStatus.Filled : OrderStatus.PartiallyFilled, nowUtcNs);
        report.LastPriceUnits = priceUnits;
        report.LastQuantityUnits = units;
        if (maker) report.Flags |= EventFlags.AddedLiquidity;
        _reports.Add(in report);
    }

    private void Reject(in InFlight request, ushort reason, long nowUtcNs)
    {
        Activity.Rejected++;
        var order = new PaperOrder { Instrument = request.Instrument, Side = request.Side, PriceUnits = request.PriceUnits };
        var report = Describe(in order, request.ClientOrderId, ExecutionKind.Rejected, OrderStatus.Rejected, nowUtcNs);
        report.Reason = reason;
        AddOrThrow(in report);
    }

    private void RejectChange(in InFlight request, ushort reason, long nowUtcNs)
    {
        Activity.CancelRejected++;
        int at = IndexOf(request.OriginalClientOrderId);
        PaperOrder order = at >= 0 ? _working[at] : new PaperOrder { Instrument = request.Instrument, Side = request.Side };
        OrderStatus status = at < 0 ? OrderStatus.Rejected : order.CumulativeUnits > 0 ? OrderStatus.PartiallyFilled : OrderStatus.New;
        var report = Describe(in order, request.ClientOrderId, request.Kind == OrderRequestKind.Amend ? ExecutionKind.AmendRejected : ExecutionKind.CancelRejected, status, nowUtcNs);
        report.Reason = reason;
        AddOrThrow(in report);
    }

    private void Report(in PaperOrder order, ulong clientOrderId, ExecutionKind kind, OrderStatus status, long nowUtcNs) =>
        AddOrThrow(Describe(in order, clientOrderId, kind, status, nowUtcNs));

    private void AddOrThrow(in Execution report)
    {
        if (_reports.Room == 0) throw new InvalidOperationException("More reports are under way than ReportsMax holds: raise it, or shorten ReportLatencyNs.");
        _reports.Add(in report);
    }

    private Execution Describe(in PaperOrder order, ulong clientOrderId, ExecutionKind kind, OrderStatus status, long nowUtcNs) => new()
    {
        Kind = EventKind.ExecutionReported, Side = order.Side, Instrument = order.Instrument, Source = _options.Session,
        TimeUtcNs = nowUtcNs + _options.ReportLatencyNs, ClientOrderId = clientOrderId, LastPriceUnits = order.PriceUnits,
        CumulativeQuantityUnits = order.CumulativeUnits, ExecutionKind = kind, OrderStatus = status,
    };

    private int IndexOf(ulong clientOrderId)
    {
        for (int i = 0; i < _workingCount; i++)
            if (_working[i].ClientOrderId == clientOrderId) return i;
        return -1;
    }

    /// <summary>Keeps the rest in the order in which they came.</summary>
    private void RemoveAt(int index)
    {
        _workingCount--;
        Array.Copy(_working, index + 1, _working, index, _workingCount - index);
    }

    private static void ThrowNotApproved() => throw new ArgumentException("An order reached the gateway that no gate has approved.");
}
