using Appliance.Contract;
using Appliance.Fix;
using Xunit.Abstractions;

namespace Appliance.Tests.Fix;

/// <summary>
/// Two engines over a link that is cut at any byte, with either side now and then begun anew over its store, as after a kill. Each seed is a whole run.
/// 10^5 runs with APPLIANCE_FULL=1, else a hundredth. The acceptor's reports must all arrive, once and in order; each order must arrive once or be reported unsent once, never both.
/// </summary>
public class LossyLinkTests(ITestOutputHelper output)
{
    [Fact]
    public void Nothing_is_lost_or_doubled_and_the_numbers_agree()
    {
        int runs = SoakCounts.Full ? 100_000 : 1_000, seed = SoakCounts.Seed(output, runs);
        long cuts = 0, restarts = 0, orders = 0, unsent = 0, resent = 0, together = 0;
        for (int run = 0; run < runs; run++)
        {
            using var simulation = new Simulation(unchecked(seed * 1000 + run));
            simulation.Run(600);
            simulation.Settle();
            simulation.Check();
            cuts += simulation.Cuts;
            restarts += simulation.Restarts;
            orders += simulation.Orders.Count;
            unsent += simulation.Unsent.Count;
            resent += simulation.Resent;
            together += simulation.Together;
        }
        // The runs went where they were meant to go.
        Assert.True(cuts > runs && restarts > runs / 10 && orders > runs && unsent > runs / 20 && resent > runs / 10 && together > runs, $"cuts {cuts}, restarts {restarts}, orders {orders}, unsent {unsent}, resent {resent}, together {together}");
    }

    private sealed class Simulation : IDisposable
    {
        private readonly Random _random;
        private readonly End _initiator, _acceptor;
        private readonly int _seed;
        private long _nowNs = 1_000_000_000;
        private ulong _nextOrder = 1, _nextReport = 1;
        private bool _connected;

        public readonly List<ulong> Orders = [], OrdersIn = [], Unsent = [], ReportsIn = [];
        public long Cuts, Restarts, Resent, Together;

        public Simulation(int seed)
        {
            _seed = seed;
            _random = new Random(seed);
            _initiator = new End(this, FixRole.Initiator, "DESK", "VENUE");
            _acceptor = new End(this, FixRole.Acceptor, "VENUE", "DESK");
        }

        /// <summary>The stores' memory is not the collector's: without this the full count takes all that the machine has.</summary>
        public void Dispose()
        {
            _initiator.Store.Dispose();
            _acceptor.Store.Dispose();
        }

        private long Utc => FixSamples.StartUtcNs + _nowNs;

        public void Run(int steps)
        {
            for (int i = 0; i < steps; i++)
            {
                int what = _random.Next(100);
                if (!_connected && _random.Next(8) == 0) Connect();
                if (what < 20) Send();
                else if (what < 30) Report();
                else if (what < 60) Move(_initiator, _acceptor);
                else if (what < 90) Move(_acceptor, _initiator);
                else if (what < 98) Tick(_random.Next(1, 200));
                else if (what < 99 && _connected) Cut();
                else if (_random.Next(6) == 0) Restart(_random.Next(2) == 0 ? _initiator : _acceptor);
            }
        }

        public void Settle()
        {
            // A whole link works until it is quiet for longer than any patience: time passes first, then what is under way arrives. Nothing new is sent.
            int quiet = 0;
            for (int i = 0; i < 500 && quiet < 40; i++)
            {
                if (!_connected) Connect();
                Move(_initiator, _acceptor, whole: true);
                Move(_acceptor, _initiator, whole: true);
                bool agree = _initiator.Session.IsUp && _acceptor.Session.IsUp && !_initiator.Session.IsRecovering && !_acceptor.Session.IsRecovering
                    && _initiator.Store.NextOutgoing == _acceptor.Store.NextIncoming && _acceptor.Store.NextOutgoing == _initiator.Store.NextIncoming;
                quiet = agree ? quiet + 1 : 0;
                Tick(quiet > 30 ? 1 : 100);
            }
            Move(_initiator, _acceptor, whole: true);
            Move(_acceptor, _initiator, whole: true);
        }

        public void Check()
        {
            string run = $"seed {_seed}";
            Assert.True(_initiator.Session.IsUp && _acceptor.Session.IsUp, $"{run}: {_initiator} against {_acceptor}");
            Assert.Equal((run, _initiator.Store.NextOutgoing, _acceptor.Store.NextOutgoing), (run, _acceptor.Store.NextIncoming, _initiator.Store.NextIncoming));
            Assert.Equal(Enumerable.Range(1, (int)_nextReport - 1).Select(i => (ulong)i), ReportsIn);
            Assert.Equal(OrdersIn.Distinct(), OrdersIn);
            Assert.Equal(Unsent.Distinct(), Unsent);
            Assert.Equal(Orders, OrdersIn.Concat(Unsent).Order());
        }

        private void Send()
        {
            if (_random.Next(3) == 0)
            {
                SendTogether(_random.Next(1, 6));
                return;
            }
            if (_initiator.Order(_nextOrder)) Orders.Add(_nextOrder);
            _nextOrder++;
        }

        /// <summary>Orders by one write, of which the link takes some bytes; now and then the side dies before it, or they are let go.</summary>
        private void SendTogether(int count)
        {
            ulong first = _nextOrder;
            int gathered = 0;
            for (; gathered < count && _initiator.Session.CanGather && _initiator.Order(_nextOrder, gathers: true); gathered++) _nextOrder++;
            int left = gathered;
            switch (_random.Next(40))
            {
                case 0 when gathered > 0:
                    // Stored and never written: the peer will miss them, and each is to be told unsent.
                    Restart(_initiator);
                    break;
                case 1:
                    _initiator.Session.TakeBackGathered();
                    left = 0;
                    break;
                default:
                    _initiator.Session.WriteGathered(_nowNs, out left);
                    break;
            }
            Together += left;
            Orders.AddRange(Enumerable.Range(0, left).Select(i => first + (ulong)i));
        }

        private void Report() => _acceptor.Report(_nextReport++);

        private void Tick(int ms)
        {
            _nowNs += ms * 1_000_000L;
            _initiator.Session.OnTimer(_nowNs, Utc);
            _acceptor.Session.OnTimer(_nowNs, Utc);
        }

        private void Move(End from, End to, bool whole = false)
        {
            // What an earlier call left (the reader had no room) is offered again, with or without more behind it.
            if (from.Outgoing.Count + to.Incoming.Count == 0) return;
            int bytes = whole || from.Outgoing.Count == 0 ? from.Outgoing.Count : _random.Next(1, Math.Min(from.Outgoing.Count, 3_000) + 1);
            to.Incoming.AddRange(from.Outgoing.Take(bytes));
            from.Outgoing.RemoveRange(0, bytes);
            to.Incoming.RemoveRange(0, to.Session.OnBytes(to.Incoming.ToArray(), _nowNs, Utc));
        }

        private void Connect()
        {
            foreach (var end in new[] { _acceptor, _initiator })
            {
                end.Incoming.Clear();
                end.Outgoing.Clear();
            }
            _connected = true;
            _acceptor.Session.OnConnected(_nowNs, Utc);
            _initiator.Session.OnConnected(_nowNs, Utc);
        }

        /// <summary>What is on its way arrives up to a random byte; the rest is gone.</summary>
        private void Cut()
        {
            Cuts++;
            if (_random.Next(2) == 0) Move(_initiator, _acceptor);
            if (_random.Next(2) == 0) Move(_acceptor, _initiator);
            Disconnect();
        }

        private void Disconnect()
        {
            _connected = false;
            foreach (var end in new[] { _acceptor, _initiator })
            {
                end.Outgoing.Clear();
                end.Incoming.Clear();
                end.Session.OnLinkLost(_nowNs, Utc);
            }
        }

        private void Restart(End end)
        {
            Restarts++;
            Disconnect();
            end.Begin();
        }

        private sealed class End(Simulation simulation, FixRole role, string own, string peer)
        {
            private readonly FixHeaderTemplate _header = new(own, peer, true);
            private OrderEncoder? _encoder;
            private FixSession<Actions>? _session;

            public readonly SequenceStore Store = new(null, new StoreOptions { SegmentBytes = StoreOptions.SegmentBytesMin, Segments = 4 });
            public readonly List<byte> Outgoing = [], Incoming = [];

            public FixSession<Actions> Session => _session ?? Begin();

            public FixSession<Actions> Begin() => _session = new FixSession<Actions>(new Actions(simulation, this), Store, _header, new FixSessionSettings
            {
                Role = role, HeartbeatSeconds = 1, ResendApplicationMessages = role == FixRole.Acceptor, ResendSlice = 4, LogonTimeoutSeconds = 3,
            });

            public bool Order(ulong id, bool gathers = false)
            {
                if (Session.OrderReadiness != SendResult.Sent) return false;
                _encoder ??= new OrderEncoder(_header, FixSamples.Symbols(), "");
                var intent = new OrderIntent { Kind = OrderRequestKind.New, Side = Side.Buy, PriceUnits = 1_000_000, QuantityUnits = 1, ClientOrderId = id };
                int length = _encoder.Encode(Session.NextBuffer(out uint sequence), in intent, sequence, simulation.Utc);
                var stored = new StoredOrder { ClientOrderId = id, Kind = OrderRequestKind.New, Side = Side.Buy };
                if (gathers) return Session.GatherOrder(length, FixMsgType.NewOrderSingle, in stored, simulation._nowNs) == SendResult.Sent;
                return Session.SendOrder(length, FixMsgType.NewOrderSingle, in stored, simulation._nowNs) == SendResult.Sent;
            }

            public void Report(ulong id)
            {
                var report = new ExecutionReportMessage { OrderId = id, ExecutionId = id, ClientOrderId = FixText.FromNumber(id), Side = Side.Buy, Kind = ExecutionKind.New, Status = OrderStatus.New, TransactTimeUtcNs = simulation.Utc };
                var buffer = Session.NextBuffer(out uint sequence);
                Session.SendReport(ReportEncoder.ExecutionReport(buffer, _header, FixSamples.Symbols(), in report, sequence, simulation.Utc), FixMsgType.ExecutionReport, simulation._nowNs);
            }

            public void Take(in FixHeader header, ReadOnlySpan<byte> message)
            {
                ulong id = ulong.Parse(FixSamples.Fields(message).Single(f => f.Tag == 11).Value, System.Globalization.CultureInfo.InvariantCulture);
                (role == FixRole.Acceptor ? simulation.OrdersIn : simulation.ReportsIn).Add(id);
                if (header.PossDup) simulation.Resent++;
            }

            public override string ToString() =>
                $"{Session.State}{(Session.IsRecovering ? " recovering" : "")}, next out {Store.NextOutgoing} in {Store.NextIncoming}, test requests {Session.Counters.TestRequestsOut}, resends asked {Session.Counters.ResendRequestsOut} answered {Session.Counters.ResendRequestsIn}, last down {Session.Counters.LastDownReason}, garbage {Session.Counters.GarbageBytes}, held {Incoming.Count}, logons {Session.Counters.Logons}, duplicates {Session.Counters.Duplicates}, rejects {Session.Counters.RejectsIn}";

            public void Cut() => simulation.Disconnect();
            public void Unsent(ulong id) => simulation.Unsent.Add(id);
        }

        private readonly struct Actions(Simulation simulation, End end) : IFixSessionHost
        {
            public LinkWrite Write(ReadOnlySpan<byte> message, bool mayQueue)
            {
                if (!simulation._connected) return LinkWrite.Failed;
                // Now and then the socket is full: an order is refused whole.
                if (!mayQueue && simulation._random.Next(20) == 0) return LinkWrite.Refused;
                end.Outgoing.AddRange(message);
                return LinkWrite.Accepted;
            }

            public int WriteSome(ReadOnlySpan<byte> messages)
            {
                if (!simulation._connected) return -1;
                int taken = simulation._random.Next(4) == 0 ? simulation._random.Next(messages.Length + 1) : messages.Length;
                end.Outgoing.AddRange(messages[..taken]);
                return taken;
            }

            public bool LinkIsClear => simulation._random.Next(4) != 0;
            public bool CanTakeMessage => simulation._random.Next(16) != 0;
            public void Cut(FixDownReason reason) => end.Cut();
            public void OnUp() { }
            public void OnDown(FixDownReason reason) { }
            public byte[]? OnLogon(in FixHeader header, ReadOnlySpan<byte> message) => null;
            public void OnMessage(in FixHeader header, ReadOnlySpan<byte> message) => end.Take(in header, message);
            public void OnRejected(in FixHeader header, uint refSequence, int reason, in StoredOrder order) => Assert.Fail($"rejected {refSequence} reason {reason}");
            public void OnUnsent(uint sequence, in StoredOrder order) => end.Unsent(order.ClientOrderId);
        }
    }
}
