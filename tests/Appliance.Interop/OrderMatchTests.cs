using System.Diagnostics;
using System.Text;
using Appliance.Contract;
using Appliance.Fix;
using Appliance.TestKit;

namespace Appliance.Interop;

/// <summary>Our FIX 4.2 initiator against QuickFIX's ordermatch, which keeps a book: acknowledgement, partial fill, fill, cancel, a request it does not know, and kill -9 in mid-stream.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class OrderMatchTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ordermatch").FullName;
    private readonly Recorder _told = new();
    private QuickFixProgram? _venue;
    private FixSessionInitiator<Recorder>? _desk;

    [QuickFixFact("ordermatch")]
    public void Orders_meet_are_cancelled_and_the_numbers_survive_a_kill()
    {
        int port = LoopbackPorts.FreeTcp();
        _venue = new QuickFixProgram("ordermatch", _folder, QuickFixProgram.Acceptor(_folder, port, FixVersion.Fix42, "ORDERMATCH", "DESK"));
        _venue.Start();
        _desk = new FixSessionInitiator<Recorder>(new FixSessionOptions
        {
            Host = "127.0.0.1", Port = port, SenderCompId = "DESK", TargetCompId = "ORDERMATCH", Version = FixVersion.Fix42, Microseconds = false, Store = StoreOptions.OfMegabytes(1), ReconnectMaxMs = 100,
            Validation = new FixValidationOptions { Level = FixValidation.Full },
        }, _told);
        Until(() => _desk.IsUp, "the logon");

        Order("B1", buy: true, 100);
        Until(() => _told.Has("B1", '0'), "the acknowledgement");
        Order("S1", buy: false, 40);
        Until(() => _told.Has("B1", '1') && _told.Has("S1", '2'), "the partial fill of one and the fill of the other");
        Request(FixMsgType.OrderCancelReplaceRequest, "R1", "B1");
        Until(() => _told.Messages.Any(m => m.Contains("\u000135=j\u0001", StringComparison.Ordinal) && m.Contains("\u0001380=3\u0001", StringComparison.Ordinal)), "the refusal of a replace, which ordermatch does not know");
        Request(FixMsgType.OrderCancelRequest, "C1", "B1");
        Until(() => _told.Has("B1", '4'), "the cancellation");

        for (int round = 0; round < 2; round++)
        {
            // Killed while orders are under way: what it had not answered it gets no second time, since an initiator gap-fills orders.
            for (int i = 0; i < 50; i++) Order($"K{round}-{i}", buy: true, 1);
            _venue.Kill();
            Until(() => !_desk.IsUp, "the loss");
            _venue.Start();
            Until(() => _desk.IsUp, "the logon after the kill");
            Order($"A{round}", buy: true, 1);
            Until(() => _told.Has($"A{round}", '0'), "an order after the kill");
        }
        Assert.Equal((0L, 0L), (_desk.Counters.RejectsIn, _desk.Counters.RejectsOut));
        Assert.Equal(0, _desk.Counters.SequenceTooLow);
    }

    private void Order(string id, bool buy, int quantity)
    {
        var w = FixMessageWriter.Begin(_desk!.NextBuffer(out uint sequence), _desk.Header, FixMsgType.NewOrderSingle, sequence, _desk.UtcNs);
        w.Text("11="u8, Encoding.ASCII.GetBytes(id));
        w.Raw(buy ? "21=1\u000154=1\u000155=ACME\u000140=2\u000144=10\u000159=0\u0001"u8 : "21=1\u000154=2\u000155=ACME\u000140=2\u000144=10\u000159=0\u0001"u8);
        w.Number("38="u8, (ulong)quantity);
        w.Time("60="u8, _desk.UtcNs);
        _desk.Send(w.Finish(), FixMsgType.NewOrderSingle);
    }

    private void Request(uint type, string id, string original)
    {
        var w = FixMessageWriter.Begin(_desk!.NextBuffer(out uint sequence), _desk.Header, type, sequence, _desk.UtcNs);
        w.Text("11="u8, Encoding.ASCII.GetBytes(id));
        w.Text("41="u8, Encoding.ASCII.GetBytes(original));
        w.Raw("54=1\u000155=ACME\u0001"u8);
        if (type == FixMsgType.OrderCancelReplaceRequest) w.Raw("21=1\u000140=2\u000144=11\u0001"u8);
        w.Number("38="u8, 100);
        w.Time("60="u8, _desk.UtcNs);
        _desk.Send(w.Finish(), type);
    }

    private void Until(Func<bool> condition, string what)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            _desk!.Poll(default(HostMonotonicClock).NowNs(), default(HostUtcClock).NowUtcNs());
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(60), $"waited in vain for {what}: {_desk.State}, {_desk.Counters.LastDownReason}, {_desk.LastConnectError}; {string.Join(" / ", _told.Messages.TakeLast(3))}");
            Thread.Yield();
        }
    }

    public void Dispose()
    {
        _desk?.Dispose();
        _venue?.Kill();
        Directory.Delete(_folder, true);
    }

    private sealed class Recorder : IFixApplication
    {
        public List<string> Messages { get; } = [];

        /// <summary>A report with that ClOrdID and ExecType came.</summary>
        public bool Has(string id, char execType) => Messages.Any(m => m.Contains($"\u000111={id}\u0001", StringComparison.Ordinal) && m.Contains($"\u0001150={execType}\u0001", StringComparison.Ordinal));

        public byte[]? OnLogon(int session, in FixHeader header, ReadOnlySpan<byte> message) => null;
        public void OnSessionUp(int session) { }
        public void OnSessionDown(int session, FixDownReason reason) { }
        public void OnMessage(int session, in FixHeader header, ReadOnlySpan<byte> message) => Messages.Add(Encoding.Latin1.GetString(message));
    }
}
