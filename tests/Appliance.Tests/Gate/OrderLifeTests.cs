using Appliance.Contract;
using Appliance.Flow.Accounts;
using Appliance.Risk;
using static Appliance.Tests.Gates.GateBench;

namespace Appliance.Tests.Gates;

/// <summary>
/// Everything a venue may do to an order, interleaved with our requests, requests that never leave and restarts in the middle: when all has been said, position, cash, working quantity and live orders are
/// the venue's own, which keeps executions one by one (<see cref="OrderLifeVenue"/>).
/// </summary>
public class OrderLifeTests
{
    private const int Steps = 3_000;
    private static readonly InstrumentDefinition[] Instruments = [Share, Other];

    private static readonly GateLimits Wide = new()
    {
        Instruments = [.. Instruments.Select(i => new InstrumentLimits { Instrument = i.Index, MaxQuantityUnits = 1_000_000, MaxNotional = 1e15m, MaxPositionUnits = InstrumentLimits.UnitsMax, CollarBasisPoints = 10_000, StaleAfterNs = long.MaxValue })],
        PortfolioCapacity = 2, Portfolios = [new() { Portfolio = 0, Instrument = 0 }, new() { Portfolio = 1, Instrument = 1 }],
        MaxMessagesPerWindow = 1_000_000, MessageWindowNs = 1, CancelReserveMessages = 0, DuplicateWindowNs = 0, PreventsSelfMatch = false, AcknowledgeWithinNs = long.MaxValue, MaxLiveOrders = 8,
    };

    [Fact]
    public void Whatever_a_venue_does_to_an_order_the_desk_ends_with_what_the_venue_holds()
    {
        for (int seed = 1; seed <= 20; seed++) Run(seed, 1 << 13, restarts: false);
    }

    /// <summary>Sixteen records: fills, busts and corrections come for orders that nobody remembers. An order that works again unknown to the table is beyond it, so none does.</summary>
    [Fact]
    public void Busts_and_corrections_of_orders_long_forgotten_are_booked_too()
    {
        for (int seed = 101; seed <= 120; seed++) Run(seed, 16, restarts: false);
    }

    [Fact]
    public void So_it_is_over_restarts_at_any_moment()
    {
        for (int seed = 201; seed <= 220; seed++) Run(seed, 1 << 13, restarts: true);
    }

    [Fact]
    public void So_it_is_with_a_seed_that_rotates_with_the_day()
    {
        int seed = (int)(DateTime.UtcNow.Ticks / TimeSpan.TicksPerDay);
        Run(seed, 1 << 13, restarts: false);
        Run(seed, 16, restarts: false);
        Run(seed, 1 << 13, restarts: true);
    }

    private static void Run(int seed, int capacity, bool restarts) => new Desk(seed, capacity).Run(restarts);

    private sealed class Desk
    {
        private readonly int _seed;
        private readonly bool _isSmall;
        private readonly GateLimits _limits;
        private readonly Random _random;
        private readonly OrderLifeVenue _venue;
        private Account _account = new(Instruments, new FeeSchedule[2], [new("a", 0), new("b", 1)]);
        private Gate _gate;
        private OrderReplay _records;
        private ulong _epoch = 1;
        private long _now = Start;
        /// <summary>What a restarted run cannot know: repetitions of orders that had ended before it, which it does not believe.</summary>
        private readonly long[] _unbooked = new long[2];

        public Desk(int seed, int capacity)
        {
            _seed = seed;
            _isSmall = capacity == 16;
            _random = new Random(seed);
            _venue = new OrderLifeVenue(_random);
            _limits = Wide with { OrderTableCapacity = capacity };
            (_gate, _records) = (NewGate(), NewRecords());
        }

        private Gate NewGate()
        {
            var gate = new Gate(Instruments, _limits with { OrderIdEpoch = _epoch });
            gate.OnSession(true);
            foreach (InstrumentDefinition i in Instruments)
                gate.OnTop(i.Index, new TopOfBook { BidPriceUnits = 999_900, AskPriceUnits = 1_000_100, BidQuantityUnits = 1, AskQuantityUnits = 1, TimeUtcNs = _now, UpperBandUnits = long.MaxValue, State = BookState.Ready, Status = TradingStatus.Trading });
            return gate;
        }

        private static OrderReplay NewRecords() => new(2, [0, 1], 1 << 13);

        public void Run(bool restarts)
        {
            for (int step = 0; step < Steps; step++)
            {
                _now += 1_000;
                switch (_random.Next(10))
                {
                    case < 3: Ask(); break;
                    case < 6: _venue.Step(worksOn: !_isSmall); break;
                    case 9 when restarts && _random.Next(40) == 0: Restart(); break;
                    default: Hear(); break;
                }
            }
            Settle();
            foreach (InstrumentDefinition i in Instruments)
            {
                ref readonly InstrumentExposure held = ref _gate.Orders.Exposure(i.Index);
                string where = $"seed {_seed} instrument {i.Index}";
                Assert.True(_venue.Position(i.Index) - _unbooked[i.Index] == held.PositionUnits, $"{where}: position {held.PositionUnits}, the venue's {_venue.Position(i.Index)}, not to be booked {_unbooked[i.Index]}");
                Assert.True(_gate.Orders.PortfolioExposure(i.Index).PositionUnits == held.PositionUnits, $"{where}: hedge {_gate.Orders.PortfolioExposure(i.Index).PositionUnits} of {held.PositionUnits}");
                if (!restarts) Assert.True(_account.Ledger(i.Index).CashRaw == -_venue.Paid(i.Index), $"{where}: cash {_account.Ledger(i.Index).CashRaw}, the venue's {-_venue.Paid(i.Index)}");
                Assert.True((_venue.Working(i.Index, Side.Buy), _venue.Working(i.Index, Side.Sell)) == (held.WorkingBuyUnits, held.WorkingSellUnits), $"{where}: working {held.WorkingBuyUnits} and {held.WorkingSellUnits}, the venue's {_venue.Working(i.Index, Side.Buy)} and {_venue.Working(i.Index, Side.Sell)}");
            }
            Assert.Equal(_venue.Orders.Count(o => o.IsOpen), _gate.Orders.LiveCount);
            Assert.Equal((0, 0L), (_gate.Orders.UnconfirmedCount, _gate.Orders.Counters.Malformed));
        }

        private void Ask()
        {
            ulong[] live = [.. Enumerable.Range(0, _gate.Orders.LiveCount).Select(i => _gate.Orders[_gate.Orders.LiveSlot(i)].CurrentId)];
            ushort which = (ushort)_random.Next(2);
            var intent = new OrderIntent { Kind = OrderRequestKind.New, Side = _random.Next(2) == 0 ? Side.Buy : Side.Sell, Instrument = which, Portfolio = which, PriceUnits = 1_000_000, QuantityUnits = _random.Next(1, 20) * 10, TimeUtcNs = _now };
            if (live.Length > 0 && _random.Next(2) == 0)
            {
                ref readonly OrderRecord order = ref _gate.Orders[_gate.Orders.Find(live[_random.Next(live.Length)])];
                (intent.Kind, intent.OriginalClientOrderId) = (_random.Next(2) == 0 ? OrderRequestKind.Amend : OrderRequestKind.Cancel, order.CurrentId);
                (intent.Side, intent.Instrument, intent.Portfolio, intent.PriceUnits) = (order.Side, order.Instrument, order.Portfolio, 1_000_000 + _random.Next(-3, 4) * 100);
            }
            if (_gate.Check(in intent, out ApprovedOrder approved) != GateVerdict.Approved) return;
            Record(in approved);
            if (_random.Next(12) == 0) Unsent(in approved);
            else _venue.Receive(in approved);
        }

        private void Record(in ApprovedOrder approved) => _records.Open(new OrderIntent
        {
            Kind = approved.Kind, Side = approved.Side, TimeInForce = approved.TimeInForce, Instrument = approved.Instrument, Portfolio = approved.Portfolio, PriceUnits = approved.PriceUnits,
            QuantityUnits = approved.QuantityUnits, ClientOrderId = approved.ClientOrderId, OriginalClientOrderId = approved.OriginalClientOrderId, TimeUtcNs = _now,
        });

        private void Unsent(in ApprovedOrder order)
        {
            var e = new Execution { Kind = EventKind.OrderUnsent, ClientOrderId = order.ClientOrderId, TimeUtcNs = _now };
            _gate.OnUnsent(in e);
            _records.OnUnsent(in e);
        }

        /// <summary>One message: both halves of a correction are one.</summary>
        private bool Hear()
        {
            if (!_venue.TryDeliver(out Execution report)) return false;
            Hear(report);
            return (report.Flags & EventFlags.MoreFollows) == 0 || Hear();
        }

        private void Hear(Execution report)
        {
            report.TimeUtcNs = _now;
            bool isForgotten = _gate.Orders.Find(report.ClientOrderId) < 0;
            // That such an order works again the table cannot know: a list of the venue's would find it, and somebody withdraw it.
            if (isForgotten) _venue.Withdraw(report.ClientOrderId);
            if (isForgotten && (report.Flags & EventFlags.PossibleDuplicate) != 0 && report.ExecutionKind is ExecutionKind.Trade or ExecutionKind.TradeCancelled or ExecutionKind.TradeCorrected)
                _unbooked[report.Instrument] += (report.Side == Side.Buy ? 1 : -1) * (report.ExecutionKind == ExecutionKind.TradeCancelled ? -report.LastQuantityUnits : report.LastQuantityUnits);
            ExecutionEffect effect = _gate.OnExecution(in report);
            _account.OnExecution(in effect);
            _records.OnExecution(in report);
        }

        /// <summary>The host dies, with requests under way and reports unheard; the next run begins with what the records say.</summary>
        private void Restart()
        {
            IReadOnlyList<ApprovedOrder> lost = _venue.Cut();
            OrderReplay before = _records;
            _epoch++;
            (_gate, _records) = (NewGate(), NewRecords());
            for (int p = 0; p < 2; p++)
            {
                _gate.SetOpeningPosition(p, before.PositionUnits(p));
                _gate.SetOpeningHedge((ushort)p, before.PositionUnits(p));
                _records.SetOpening(p, before.PositionUnits(p));
            }
            foreach (RingEvent restored in before.Live())
            {
                RingEvent e = restored;
                Execution x = RingEvent.AsExecution(ref e);
                x.TimeUtcNs = _now;
                Assert.True(_gate.OnRestored(in x) >= 0);
                Assert.True(_records.Restore(in x));
            }
            // The venue asks for what never came; the session fills the gap.
            foreach (ApprovedOrder order in lost)
                if (order.Kind != OrderRequestKind.Status) Unsent(in order);
        }

        /// <summary>The venue falls silent when everything has been asked and said.</summary>
        private void Settle()
        {
            for (int round = 0; round < 1_000; round++)
            {
                _now += 1_000;
                while (!_venue.IsQuiet)
                {
                    _venue.Step(worksOn: !_isSmall);
                    while (Hear()) { }
                }
                if (_gate.Orders.UnconfirmedCount == 0) return;
                for (int i = 0; i < _gate.Orders.LiveCount; i++)
                {
                    ref readonly OrderRecord order = ref _gate.Orders[_gate.Orders.LiveSlot(i)];
                    var question = new OrderIntent { Kind = OrderRequestKind.Status, OriginalClientOrderId = order.CurrentId, TimeUtcNs = _now };
                    if (order.IsUnconfirmed && _gate.Check(in question, out ApprovedOrder approved) == GateVerdict.Approved) _venue.Receive(in approved);
                }
            }
            Assert.Fail($"seed {_seed}: {_gate.Orders.UnconfirmedCount} orders stay unconfirmed");
        }
    }
}
