using Appliance.Contract;

namespace Appliance.Fix;

/// <summary>The connection's life, and what the venue says as events of the ring.</summary>
public sealed partial class FixOrderGateway<TSink, TClock>
{
    /// <summary>One message makes at most two events of its own, SessionUp, and SessionDown; one more is kept in hand.</summary>
    private const int EventsPerMessage = 5;
    /// <summary>Of the store's memory ahead: a report of usual length and the order after it.</summary>
    private const int NearBytes = 640;

    private long _pollNs, _pollUtcNs, _pollSequencedUtcNs, _nextAttemptNs;
    private int _published;
    private bool _polling, _downPending, _lossSeen = true, _stopping, _isNear;

    public int Poll(long monotonicNs, long utcNs)
    {
        if (_session.GatheredOrders > 0) ThrowGathered();
        _pollNs = monotonicNs;
        _pollUtcNs = utcNs;
        _pollSequencedUtcNs = _time?.At(monotonicNs) ?? utcNs;
        _utcOffsetNs = utcNs - monotonicNs;
        _published = 0;
        _polling = true;
        if (_downPending && _sink.RemainingCapacity > 0) PublishSession(EventKind.SessionDown);
        if (_link.IsOpen) PollLink();
        else PollConnector();
        _polling = false;
        return _published;
    }

    private void PollLink()
    {
        bool lost = _link.HasBacklog && !_link.Flush();
        // With the ring full nothing is read: the bytes stay in the socket, and the venue feels it. Timers run all the same.
        if (!_downPending && _sink.RemainingCapacity >= EventsPerMessage)
        {
            int got = _link.Receive();
            lost |= got < 0;
            if (got != 0) _isNear = false;
            else if (!_isNear) Approach();
            if (!_link.Received.IsEmpty) _link.Consume(_session.OnBytes(_link.Received, _pollNs, _pollUtcNs));
            // What was read before the end still counts; a remainder for which the ring had no room is taken by later polls first.
            if (lost && _sink.RemainingCapacity < EventsPerMessage && _session.State != FixSessionState.Disconnected)
                return;
        }
        if (!_link.IsOpen)
            return;
        if (lost)
        {
            _session.OnLinkLost(_pollNs, _pollUtcNs);
            OnCut();
            return;
        }
        _session.OnTimer(_pollNs, _pollUtcNs);
    }

    /// <summary>Nothing has come, so there is time: what the next message will be written to is memory that nobody has touched for long.</summary>
    private void Approach()
    {
        _isNear = true;
        _store.Approach(NearBytes);
        _orderLog.Approach();
    }

    private void PollConnector()
    {
        if (_connector.TryTake(out var socket))
        {
            if (socket is null || _emergency || _stopping)
            {
                socket?.Dispose();
                _nextAttemptNs = _pollNs + _schedule.NextDelayNs();
                return;
            }
            Counters.Connects++;
            _link.Attach(socket);
            // The watchdog may have pulled between the test above and the attachment.
            if (_emergency) _link.ShutdownSocket();
            _lossSeen = false;
            _session.OnConnected(_pollNs, _pollUtcNs);
            return;
        }
        if (_emergency || _stopping || _downPending || !_connector.IsIdle)
            return;
        if (_lossSeen && _pollNs >= _nextAttemptNs && _session.MayConnect(_pollUtcNs))
        {
            Counters.ConnectAttempts++;
            _connector.Begin(_schedule.Host);
        }
    }

    private void OnCut()
    {
        _link.Close();
        if (_lossSeen)
            return;
        _lossSeen = true;
        long nowNs = _polling ? _pollNs : _clock.NowNs();
        _nextAttemptNs = nowNs + _schedule.NextDelayNs();
    }

    private void OnUp()
    {
        _schedule.Succeeded();
        PublishSession(EventKind.SessionUp);
    }

    private void OnDown()
    {
        // What was asked is not answered any more.
        _massStatus = default;
        if (_polling && _sink.RemainingCapacity > 0) PublishSession(EventKind.SessionDown);
        else _downPending = true;
    }

    private void PublishSession(EventKind kind)
    {
        _downPending = false;
        ref var slot = ref _sink.Claim();
        RingEvent.Begin(ref slot, kind, RingEvent.AllInstruments, _options.Index, _pollNs, _pollSequencedUtcNs);
        _sink.Publish();
        _published++;
    }

    private void OnApplicationMessage(in FixHeader header, ReadOnlySpan<byte> message)
    {
        switch (header.MsgType)
        {
            case FixMsgType.ExecutionReport:
                if (_massStatus.IsOpen && OnListed(in header, message)) break;
                ReportDecoder.ExecutionReport(message, in header, out var report);
                OnReport(in header, message, in report);
                break;
            case FixMsgType.OrderCancelReject:
                OnReport(in header, message, ReportDecoder.OrderCancelReject(message, header.BodyStart));
                break;
            case FixMsgType.BusinessMessageReject:
                OnBusinessReject(in header, message, ReportDecoder.BusinessMessageReject(message, header.BodyStart));
                break;
            default:
                _session.SendBusinessReject(header.Sequence, header.MsgType, default, 3, "unsupported message type"u8);
                break;
        }
    }

    private void OnReport(in FixHeader header, ReadOnlySpan<byte> message, in DecodedReport report)
    {
        if (report.Problem >= 0)
        {
            _session.SendReject(in header, message, report.Problem, report.ProblemTag);
            return;
        }
        if (!TryIdentify(report.ClientOrderId, out ulong id))
        {
            // Not one of ours: our identifiers are numbers. The desk's other systems may share the session's account.
            Counters.ForeignReports++;
            return;
        }
        bool known = _recent.TryFind(id, out ushort instrument, out var side);
        if (known) _recent.MarkAnswered(id);
        if (!report.Symbol.IsEmpty)
        {
            int found = _symbols.Find(report.Symbol);
            if (found < 0)
            {
                Counters.UnknownSymbols++;
                _session.SendBusinessReject(header.Sequence, header.MsgType, report.ClientOrderId, 2, "unknown symbol"u8);
                return;
            }
            instrument = (ushort)found;
            side = report.Side;
        }
        else if (!known)
        {
            instrument = RingEvent.AllInstruments;
            side = Side.None;
        }
        long lastPrice = 0, lastQuantity = 0, cumulative = 0;
        if (!report.Symbol.IsEmpty)
        {
            int priceDecimals = _symbols.PriceDecimals[instrument], quantityDecimals = _symbols.QuantityDecimals[instrument];
            var price = report.LastPrice.IsEmpty && report.Kind == ExecutionKind.Restated ? report.Price : report.LastPrice;
            // A restatement says the order's terms as they are now, and no execution's.
            var quantity = report.LastQuantity.IsEmpty && report.Kind == ExecutionKind.Restated ? report.OrderQuantity : report.LastQuantity;
            int bad = !Read(price, priceDecimals, out lastPrice) ? FixTag.LastPx
                : !Read(quantity, quantityDecimals, out lastQuantity) ? FixTag.LastQty
                : !Read(report.CumulativeQuantity, quantityDecimals, out cumulative) ? FixTag.CumQty : 0;
            if (bad != 0)
            {
                _session.SendReject(in header, message, SessionRejectReason.IncorrectDataFormat, bad);
                return;
            }
        }
        Counters.Reports++;
        if (_tap is not null && SeenExecution.IsOne(report.Kind) && !report.Symbol.IsEmpty) _tap.Write(SeenExecution.Of(in report, instrument, lastPrice, lastQuantity));
        bool addedLiquidity = report.AddedLiquidity;
        // An execution told a second time in a new message is a repetition, whatever the message calls itself: of an order that the order table forgot it would be booked twice.
        bool isToldAgain = report.Kind == ExecutionKind.Trade && _executions.Has(report.ExecutionId, id);
        if (report.Kind == ExecutionKind.Trade) _executions.Add(report.ExecutionId, id, new KnownExecution(lastPrice, lastQuantity, addedLiquidity), header.PossDup || isToldAgain);
        else if (report.Kind is ExecutionKind.TradeCorrected or ExecutionKind.TradeCancelled)
            OnTakenBack(in header, in report, id, instrument, side, cumulative, ref lastPrice, ref lastQuantity, ref addedLiquidity);
        ref var slot = ref BeginExecution(in header, EventKind.ExecutionReported, instrument, side);
        if (addedLiquidity) slot.Flags |= EventFlags.AddedLiquidity;
        if (isToldAgain) slot.Flags |= EventFlags.PossibleDuplicate;
        slot.ClientOrderId = id;
        slot.LastPriceUnits = lastPrice;
        slot.LastQuantityUnits = lastQuantity;
        slot.CumulativeQuantityUnits = cumulative;
        slot.ExecutionKind = report.Kind;
        slot.OrderStatus = report.Status;
        slot.Reason = (ushort)Math.Min(report.Reason, ushort.MaxValue);
        _sink.Publish();
    }

    /// <summary>
    /// The venue takes an execution back, or corrects it. A correction is two events, the execution as it was taken back and as it is now booked, so that a changed price reaches the cash; the
    /// first says that the second follows, and bears no sequence number: a host that dies between them has not heard the message. What is taken back is taken back at the price it was booked at.
    /// Of an execution that is not known (of an earlier run, or long ago) only the change of the quantity can be booked.
    /// </summary>
    private void OnTakenBack(in FixHeader header, in DecodedReport report, ulong id, ushort instrument, Side side, long cumulative, ref long lastPrice, ref long lastQuantity, ref bool addedLiquidity)
    {
        if (!_executions.TryFind(report.ExecutionReference, out var before))
        {
            Counters.UnknownCorrections++;
            return;
        }
        if (report.Kind == ExecutionKind.TradeCancelled)
        {
            (lastPrice, lastQuantity, addedLiquidity) = (before.PriceUnits, before.QuantityUnits, before.AddedLiquidity);
            return;
        }
        // Terms that a correction does not repeat stand as they were.
        if (report.LastPrice.IsEmpty) lastPrice = before.PriceUnits;
        if (report.LastQuantity.IsEmpty) lastQuantity = before.QuantityUnits;
        addedLiquidity = before.AddedLiquidity;
        var now = new KnownExecution(lastPrice, lastQuantity, addedLiquidity);
        if (now == before || cumulative < lastQuantity)
            return;
        _executions.Add(report.ExecutionReference, id, in now, isRepetition: false);
        _executions.Add(report.ExecutionId, id, in now, isRepetition: false);
        ref var slot = ref BeginExecution(in header, EventKind.ExecutionReported, instrument, side);
        slot.Flags |= EventFlags.MoreFollows;
        if (addedLiquidity) slot.Flags |= EventFlags.AddedLiquidity;
        slot.ClientOrderId = id;
        slot.LastPriceUnits = before.PriceUnits;
        slot.LastQuantityUnits = before.QuantityUnits;
        slot.CumulativeQuantityUnits = cumulative - lastQuantity;
        slot.ExecutionKind = ExecutionKind.TradeCancelled;
        slot.SessionSequence = 0;
        _sink.Publish();
    }

    private bool Read(ReadOnlySpan<byte> text, int decimals, out long units)
    {
        units = 0;
        if (text.IsEmpty)
            return true;
        var parsed = FixNumber.ParseDecimal(text, decimals, out units);
        if (parsed == DecimalParse.Rounded) Counters.RoundedPrices++;
        return parsed != DecimalParse.Malformed;
    }

    private void OnBusinessReject(in FixHeader header, ReadOnlySpan<byte> message, in DecodedReport report)
    {
        if (report.Problem >= 0)
        {
            _session.SendReject(in header, message, report.Problem, report.ProblemTag);
            return;
        }
        if (_massStatus.IsOpen && report.RefSequence == _massStatus.Sequence)
        {
            EndMassStatus(in header, ExecutionKind.BusinessRejected, (int)report.Reason, 0);
            return;
        }
        _store.TryGet(report.RefSequence, out _, out _, out var order);
        if (!FixNumber.TryParseUnsigned(report.ClientOrderId, out ulong id)) id = order.ClientOrderId;
        PublishRefusal(in header, ExecutionKind.BusinessRejected, id, (int)report.Reason, in order);
    }

    private void OnSessionReject(in FixHeader header, uint refSequence, int reason, in StoredOrder order)
    {
        if (_massStatus.IsOpen && refSequence == _massStatus.Sequence) EndMassStatus(in header, ExecutionKind.SessionRejected, reason, 0);
        // A reject of one of the session's own messages is the session's affair, and counted there.
        if (order.Kind != OrderRequestKind.None) PublishRefusal(in header, ExecutionKind.SessionRejected, order.ClientOrderId, reason, in order);
    }

    private void PublishRefusal(in FixHeader header, ExecutionKind kind, ulong id, int reason, in StoredOrder order)
    {
        if (id == 0)
        {
            Counters.ForeignReports++;
            return;
        }
        _recent.MarkAnswered(id);
        if (!_recent.TryFind(id, out ushort instrument, out var side))
            (instrument, side) = order.ClientOrderId == id ? (order.Instrument, order.Side) : (RingEvent.AllInstruments, Side.None);
        Counters.Reports++;
        ref var slot = ref BeginExecution(in header, EventKind.ExecutionReported, instrument, side);
        slot.ClientOrderId = id;
        slot.ExecutionKind = kind;
        slot.OrderStatus = OrderStatus.Rejected;
        slot.Reason = (ushort)Math.Min(reason, ushort.MaxValue);
        _sink.Publish();
    }

    private void OnGapFilled(uint sequence, in StoredOrder order)
    {
        if (_recent.WasAnswered(order.ClientOrderId))
        {
            // The venue asked again for what it had answered before: it has forgotten, but the order was no unsent one.
            Counters.GapFilledButAnswered++;
            return;
        }
        ref var slot = ref BeginExecution(default, EventKind.OrderUnsent, order.Instrument, order.Side);
        slot.ClientOrderId = order.ClientOrderId;
        slot.Reason = (ushort)SendResult.GapFilled;
        slot.SessionSequence = sequence;
        _sink.Publish();
    }

    /// <summary>Claims a slot and writes what every execution event has. The caller publishes.</summary>
    private ref Execution BeginExecution(in FixHeader header, EventKind kind, ushort instrument, Side side)
    {
        ref var slot = ref _sink.Claim();
        RingEvent.Begin(ref slot, kind, instrument, _options.Index, _pollNs, _pollSequencedUtcNs);
        slot.Side = side;
        if (header.PossDup) slot.Flags |= EventFlags.PossibleDuplicate;
        ref var execution = ref RingEvent.AsExecution(ref slot);
        execution.SessionSequence = header.Sequence;
        _published++;
        return ref execution;
    }
}
