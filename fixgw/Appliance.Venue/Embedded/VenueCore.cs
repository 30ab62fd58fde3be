using Appliance.Contract;
using Appliance.Fix;
using Appliance.Venue.Matching;
using Appliance.Venue.Statements;

namespace Appliance.Venue.Embedded;

/// <summary>What the engine does goes to the tape, to the ledger, to the clients concerned and to the background's memory, in this order.</summary>
internal readonly struct VenueHandler(VenueCore core) : IMatchHandler
{
    public void OnAdded(in BookOrder order) => core.Tape.Added(in order);
    public void OnExecuted(in MatchedTrade trade) => core.OnExecuted(in trade);
    public void OnReduced(in BookOrder order, long byUnits) => core.Tape.Reduced(in order, byUnits);
    public void OnDeleted(in BookOrder order) => core.Tape.Deleted(in order);
    public void OnReplaced(in BookOrder old, in BookOrder replacement) => core.Tape.Replaced(in old, in replacement);
    public void OnPrinted(in PrintedTrade trade) => core.OnPrinted(in trade);
}

/// <summary>
/// The venue without sockets and without a clock: books, background, clients, tape and script, driven by <see cref="Advance"/> with the times of the caller.
/// Everything it does between two datagrams of the tape is one venue transaction. One thread.
/// </summary>
public sealed class VenueCore : IFixAcceptorHandler, IDisposable
{
    /// <summary>Background transactions caught up in one call of Advance: more would keep clients waiting.</summary>
    private const int ActsPerAdvance = 64;
    /// <summary>When the background is this far behind its intended times, it lets them go.</summary>
    private const long ActsForgottenNs = 250_000_000;
    private const double Second = 1e9;

    private readonly VenueOptions _options;
    private readonly BackgroundFlow _background;
    private readonly ClientDesk _desk;
    private readonly ClientReports _reports;
    private readonly VenueScript _script;
    private readonly bool[] _cancelsOnDisconnect;
    private readonly int _firstClientAccount;
    private IFixAcceptor? _acceptor;
    private int _copySession = -1;
    private VenueRandom _random;
    private double _nextActNs;
    private long _lastSentNs;
    private long _nowNs;
    private long _nowUtcNs;

    /// <param name="options">Checked here.</param>
    /// <param name="sink">Takes the tape's datagrams.</param>
    /// <param name="utcNs">The time now.</param>
    public VenueCore(VenueOptions options, IDatagramSink sink, long utcNs)
    {
        options.Check();
        _options = options;
        InstrumentDefinition[] instruments = options.Instruments.Select(i => i.Definition).ToArray();
        Ledger = new VenueLedger(instruments, [.. instruments.Select(_ => options.Fees)], accountsMax: 256);
        Engine = new MatchingEngine<VenueHandler>(instruments.Length, options.BookOrdersMax, options.LevelsMax, new VenueHandler(this));
        _background = new BackgroundFlow(options, Engine, Ledger.Open);
        Ledger.Open(ClientReports.EarlierAccount);
        _firstClientAccount = Ledger.Accounts;
        _reports = new ClientReports(options, Ledger) { NowUtcNs = utcNs };
        _reports.Restore();
        _desk = new ClientDesk(options, Engine, _reports);
        _script = new VenueScript(options);
        _cancelsOnDisconnect = new bool[options.Fix.MaxSessions];
        _random = new VenueRandom(options.Seed ^ 0xD15C0);
        MoldSessionName = $"{options.SessionPrefix}{_reports.RunNumber:D6}";
        Tape = new TapePublisher(MoldSessionName, sink, instruments);
    }

    internal TapePublisher Tape { get; }
    internal MatchingEngine<VenueHandler> Engine { get; }
    public VenueLedger Ledger { get; }
    public string MoldSessionName { get; }
    public bool IsOpen { get; private set; }
    public bool IsClosed { get; private set; }
    public long OpenedNs { get; private set; }
    public int SessionsUp { get; private set; }
    /// <summary>Monotonic time at which the last client left; 0 while one is there or none ever was.</summary>
    public long AloneSinceNs { get; private set; }
    public long Transactions { get; private set; }
    public long TapeMessages => Tape.Messages;
    public long TapePackets => Tape.Packets;
    public long SplitTransactions => Tape.SplitTransactions;
    public long Disconnects { get; private set; }
    /// <summary>Raised by a session's end, so that the owner writes a statement.</summary>
    public bool StatementDue { get; set; }

    /// <summary>Best bid and ask, for display and tests; false while a side is empty.</summary>
    public bool TryTop(int instrument, out long bidUnits, out long askUnits)
    {
        askUnits = 0;
        return Engine.TryBest(instrument, Side.Buy, out bidUnits, out _) && Engine.TryBest(instrument, Side.Sell, out askUnits, out _);
    }

    public void Attach(IFixAcceptor acceptor)
    {
        _acceptor = acceptor;
        _reports.Attach(acceptor);
    }

    /// <summary>Sets the time for what the acceptor's next Poll calls.</summary>
    public void At(long monotonicNs, long utcNs)
    {
        _nowNs = monotonicNs;
        _nowUtcNs = utcNs;
        _reports.NowUtcNs = utcNs;
        Tape.At(utcNs);
    }

    /// <summary>Opens the market: the tape begins with its first message.</summary>
    public void Open(long monotonicNs, long utcNs)
    {
        if (IsOpen || IsClosed) return;
        At(monotonicNs, utcNs);
        IsOpen = true;
        OpenedNs = monotonicNs;
        _nextActNs = monotonicNs;
        Tape.SystemEvent('O');
        EndTransaction();
        for (int i = 0; i < Engine.Instruments; i++)
        {
            Tape.Directory(i);
            Tape.TradingAction(i, 'T');
            EndTransaction();
            _desk.SetTradable(i, true);
        }
        Tape.SystemEvent('S');
        EndTransaction();
        for (int slot = 0; slot < _background.OpeningOrders; slot++)
            for (int i = 0; i < Engine.Instruments; i++)
            {
                _background.PostOpening(i, slot, monotonicNs);
                EndTransaction();
            }
        Tape.SystemEvent('Q');
        EndTransaction();
    }

    /// <summary>Does what is due; returns the monotonic time at which there is more to do.</summary>
    public long Advance(long monotonicNs, long utcNs)
    {
        At(monotonicNs, utcNs);
        if (!IsOpen && !IsClosed && (!_options.OpensOnLogon || SessionsUp > 0)) Open(monotonicNs, utcNs);
        if (IsOpen) RunScript();
        while (_desk.ActOnNext(monotonicNs, out int instrument, out int leaver))
        {
            EndTransaction();
            if (leaver >= 0)
            {
                int from = 0;
                while (_desk.CancelOne(leaver, ref from, ExecutionKind.Cancelled))
                    EndTransaction();
            }
            // A client may have emptied a side: makers come back at once.
            while (instrument >= 0 && IsOpen && _background.Restore(instrument))
                EndTransaction();
        }
        if (IsOpen) RunBackground();
        if (IsOpen && monotonicNs - _lastSentNs >= _options.HeartbeatMs * 1_000_000L)
        {
            Tape.Heartbeat();
            _lastSentNs = monotonicNs;
        }
        return NextDueNs();
    }

    /// <summary>Ends the market: standing client orders expire, the tape says that it is over.</summary>
    public void Close(long monotonicNs, long utcNs)
    {
        if (IsClosed) return;
        At(monotonicNs, utcNs);
        int from = 0;
        while (_desk.CancelOne(client: -1, ref from, ExecutionKind.Expired))
            EndTransaction();
        if (IsOpen)
        {
            foreach (char code in "MEC")
            {
                Tape.SystemEvent(code);
                EndTransaction();
            }
            Tape.EndOfSession();
        }
        for (int i = 0; i < Engine.Instruments; i++)
            _desk.SetTradable(i, false);
        IsOpen = false;
        IsClosed = true;
    }

    public void OnSessionUp(int session, ReadOnlySpan<byte> counterparty, bool cancelOnDisconnect)
    {
        if (System.Text.Encoding.ASCII.GetString(counterparty) == _options.DropCopyCompId)
        {
            _copySession = session;
            _reports.CopyTo(session);
            return;
        }
        if (counterparty.Length > FixText.MaxLength || (_reports.Clients >= 128 && !_reports.Knows(counterparty)))
        {
            _acceptor!.Logout(session, "this venue has no account for that name"u8);
            return;
        }
        _cancelsOnDisconnect[session] = cancelOnDisconnect;
        _reports.SessionUp(session, System.Text.Encoding.ASCII.GetString(counterparty));
        SessionsUp++;
        AloneSinceNs = 0;
    }

    public void OnSessionDown(int session)
    {
        int client = _reports.ClientOfSession(session);
        if (client < 0) return;
        if (--SessionsUp == 0) AloneSinceNs = _nowNs;
        StatementDue = true;
        if (!_options.CancelsOnDisconnect && !_cancelsOnDisconnect[session]) return;
        // A session may end in the middle of a match, when its report finds the connection gone; and what the client sent before comes first. So this waits its turn.
        var leaving = new DeskRequest { Kind = OrderRequestKind.None, Client = client, Instrument = ushort.MaxValue };
        _desk.Accept(ref leaving, _nowNs);
    }

    public void OnNewOrder(int session, in NewOrderRequest request)
    {
        if (IsReadOnly(session)) return;
        var held = new DeskRequest
        {
            Kind = OrderRequestKind.New, Client = _reports.ClientOfSession(session), Id = request.ClientOrderId, Instrument = request.Instrument, Side = request.Side,
            TimeInForce = request.TimeInForce, IsMarket = request.OrderType == FixOrderType.Market, PriceUnits = request.PriceUnits,
            QuantityUnits = request.QuantityUnits, PossibleResend = request.PossibleResend,
        };
        Accept(ref held);
    }

    public void OnCancel(int session, in CancelOrderRequest request)
    {
        if (IsReadOnly(session)) return;
        var held = new DeskRequest
        {
            Kind = OrderRequestKind.Cancel, Client = _reports.ClientOfSession(session), Id = request.ClientOrderId, OriginalId = request.OriginalClientOrderId,
            Instrument = request.Instrument, Side = request.Side,
        };
        Accept(ref held);
    }

    public void OnReplace(int session, in ReplaceOrderRequest request)
    {
        if (IsReadOnly(session)) return;
        var held = new DeskRequest
        {
            Kind = OrderRequestKind.Amend, Client = _reports.ClientOfSession(session), Id = request.ClientOrderId, OriginalId = request.OriginalClientOrderId,
            Instrument = request.Instrument, Side = request.Side, TimeInForce = request.TimeInForce, IsMarket = request.OrderType == FixOrderType.Market,
            PriceUnits = request.PriceUnits, QuantityUnits = request.QuantityUnits,
        };
        Accept(ref held);
    }

    public void OnStatusRequest(int session, in CancelOrderRequest request)
    {
        if (IsReadOnly(session)) return;
        // It waits like every request: what was sent before it has then acted.
        var held = new DeskRequest
        {
            Kind = OrderRequestKind.Status, Client = _reports.ClientOfSession(session), Id = request.ClientOrderId, Instrument = request.Instrument, Side = request.Side,
        };
        Accept(ref held);
    }

    public bool OnMassStatusRequest(int session, in MassStatusRequest request)
    {
        if (IsReadOnly(session)) return true;
        var held = new DeskRequest { Kind = OrderRequestKind.MassStatus, Client = _reports.ClientOfSession(session), Id = request.Id, Instrument = request.Instrument };
        Accept(ref held);
        return true;
    }

    public void Dispose() => _reports.Dispose();

    internal void OnExecuted(in MatchedTrade trade)
    {
        Tape.Executed(in trade);
        Side takerSide = trade.MakerSide == Side.Buy ? Side.Sell : Side.Buy;
        // A client's trade is entered from its report, so that the log alone can give the accounts back.
        if (trade.MakerOwner >= _firstClientAccount) _desk.OnFill(trade.MakerTag, in trade, maker: true);
        else
        {
            Ledger.Trade(trade.MakerOwner, trade.Instrument, trade.MakerSide, trade.PriceUnits, trade.QuantityUnits, maker: true);
            if (trade.MakerRemainingUnits == 0) _background.OnGone(trade.Instrument, trade.MakerTag);
        }
        if (trade.TakerOwner >= _firstClientAccount) _desk.OnFill(trade.TakerTag, in trade, maker: false);
        else Ledger.Trade(trade.TakerOwner, trade.Instrument, takerSide, trade.PriceUnits, trade.QuantityUnits, maker: false);
    }

    internal void OnPrinted(in PrintedTrade trade)
    {
        Tape.Printed(in trade);
        Ledger.Trade(trade.Buyer, trade.Instrument, Side.Buy, trade.PriceUnits, trade.QuantityUnits, maker: false);
        Ledger.Trade(trade.Seller, trade.Instrument, Side.Sell, trade.PriceUnits, trade.QuantityUnits, maker: true);
    }

    /// <summary>A drop copy that asks for anything is sent away.</summary>
    private bool IsReadOnly(int session)
    {
        if (session != _copySession) return false;
        _acceptor!.Logout(session, "a drop copy session takes no requests"u8);
        return true;
    }

    private void Accept(ref DeskRequest request)
    {
        if (request.Client >= 0) _desk.Accept(ref request, _nowNs);
    }

    private void EndTransaction()
    {
        if (!Tape.EndTransaction()) return;
        Transactions++;
        _lastSentNs = _nowNs;
    }

    private void RunBackground()
    {
        if (_options.BackgroundRateHz <= 0) return;
        if (_nowNs - _nextActNs > ActsForgottenNs) _nextActNs = _nowNs;
        for (int acts = 0; acts < ActsPerAdvance && _nextActNs <= _nowNs; acts++)
        {
            // The fundamental moves on the intended time, so a late step changes nothing about the price's path.
            _background.Act((long)_nextActNs);
            EndTransaction();
            _nextActNs += _random.NextExponential() * Second / _options.BackgroundRateHz;
        }
    }

    private void RunScript()
    {
        while (_script.TryTake((_nowNs - OpenedNs) / Second, out ScriptStep step))
        {
            switch (step.Kind)
            {
                case ScriptStepKind.Halt:
                case ScriptStepKind.Resume:
                    bool halted = step.Kind == ScriptStepKind.Halt;
                    Tape.TradingAction(step.Instrument, halted ? 'H' : 'T');
                    EndTransaction();
                    _desk.SetTradable(step.Instrument, !halted);
                    _background.SetHalted(step.Instrument, halted);
                    break;
                case ScriptStepKind.Disconnect:
                    DropAll();
                    break;
            }
        }
    }

    private void DropAll()
    {
        if (_acceptor is null) return;
        for (int session = 0; session < _acceptor.SessionCount; session++)
        {
            if (!_acceptor.IsUp(session)) continue;
            Disconnects++;
            _acceptor.Drop(session);
        }
    }

    private long NextDueNs()
    {
        long due = _desk.NextDueNs;
        if (!IsOpen) return due;
        due = Math.Min(due, _lastSentNs + _options.HeartbeatMs * 1_000_000L);
        if (_options.BackgroundRateHz > 0) due = Math.Min(due, (long)_nextActNs);
        return due;
    }
}
