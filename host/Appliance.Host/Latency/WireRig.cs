using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Appliance.Contract;
using Appliance.Fix;
using Appliance.Host.Composition;
using Appliance.Host.Configuration;
using Appliance.Host.Native;
using Appliance.Venue.Embedded;

namespace Appliance.Host.Latency;

/// <summary>What is asked of a wire-to-wire measurement.</summary>
internal sealed record WireRequest
{
    public required HardwareProfile Profile { get; init; }
    public required string OutFolder { get; init; }
    public required double RateHz { get; init; }
    public required double Seconds { get; init; }
    public required int Pairs { get; init; }
    public required int Options { get; init; }
    public required int OrderEvery { get; init; }
    /// <summary>The compiled floor; null measures without one.</summary>
    public string? Floor { get; init; }
}

/// <summary>What it found. Latencies are from the intended sending time of a price move to the arrival of the order's first bytes.</summary>
internal sealed record WireResult(HdrHistogram Ours, HdrHistogram Floor, PairedRatio P50, PairedRatio P99, HdrHistogram Hiccups, long Sent, MoveCount OurMoves, MoveCount FloorMoves, double LateShare, string HostReport)
{
    /// <summary>A run that fell below its rate measured another load than it says.</summary>
    public bool KeptRate => LateShare <= 0.01 && OurMoves.MissedShare <= 0.01 && FloorMoves.MissedShare <= 0.01;
}

/// <summary>Price moves that asked one side for an order, and those still unanswered when the next was due. A machine that stands still for milliseconds makes some on both sides.</summary>
internal readonly record struct MoveCount(long Expected, long Missed)
{
    public double MissedShare => Expected > 0 ? (double)Missed / Expected : 0;
}

/// <summary>
/// The load generator of both: one pinned thread sends datagrams at their intended times (open loop), and looks for the answer's bytes between. The appliance and the C
/// floor take turns on the other core: while one is measured, the other is stopped.
/// </summary>
internal sealed class WireRig : IDisposable
{
    private const string Group = "239.192.7.9";
    private readonly WireRequest _request;
    private readonly FillingVenue _venue;
    private readonly Socket _floorListener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly MulticastSender _toHost, _toFloor;
    private readonly int _hostPort, _floorPort;
    private readonly TickPattern _hostPattern, _floorPattern;
    private readonly byte[] _answer = GC.AllocateArray<byte>(65536, pinned: true);
    private readonly HdrHistogram _ours = new(10_000_000_000), _floor = new(10_000_000_000), _segment = new(10_000_000_000), _hiccups = new(10_000_000_000);
    private readonly PairedRatio _p50 = new("wire to wire, p50"), _p99 = new("wire to wire, p99");
    private readonly HostMonotonicClock _clock = new();
    private Process? _host, _floorProcess;
    private Socket? _floorConnection;
    private MoveCount _ourMoves, _floorMoves;
    private long _sent, _late, _waitingSince, _floorMarks, _floorBytes;
    private Side _waitingFor;
    private readonly int _orderBytes = OrderBytes;
    private bool _record, _oursNow;

    public WireRig(WireRequest request)
    {
        _request = request;
        _venue = new FillingVenue(new InstrumentDefinition(0, TickPattern.Symbol, 10_000, 1, 100, 1, 1));
        _hostPort = FreePort();
        do { _floorPort = FreePort(); } while (_floorPort == _hostPort);
        _toHost = new MulticastSender(Group, _hostPort, "127.0.0.1");
        _toFloor = new MulticastSender(Group, _floorPort, "127.0.0.1");
        _hostPattern = new TickPattern(request.OrderEvery);
        _floorPattern = new TickPattern(request.OrderEvery);
    }

    public WireResult Measure(Action<string> progress)
    {
        string folder = Path.Combine(_request.OutFolder, "latency");
        Directory.CreateDirectory(folder);
        StartHost(folder);
        if (_request.Floor is not null) StartFloor();
        WireResult? result = null;
        Exception? failure = null;
        int core = GeneratorCore();
        var thread = new Thread(() =>
        {
            try { result = Run(core, folder, progress); }
            catch (Exception e) { failure = e; }
        }, 1 << 20);
        thread.Start();
        thread.Join();
        if (failure is not null) throw new IOException($"the measurement failed: {failure.Message}", failure);
        return result!;
    }

    private WireResult Run(int core, string folder, Action<string> progress)
    {
        if (core >= 0) Linux.PinThisThread(core);
        WaitForSession();
        _toHost.Send(_hostPattern.Opening());
        double segmentSeconds = _request.Seconds / _request.Pairs / (_floorConnection is null ? 1 : 3);
        Segment(Load(true), 1.5, record: false);
        GC.Collect();
        for (int pair = 0; pair < _request.Pairs; pair++)
        {
            // Our place within a round rotates with the pairs, so that no drift of the machine favours a place.
            var (ours50, ours99) = (0L, 0L);
            var floors = new List<(long P50, long P99)>();
            for (int place = 0; place < (_floorConnection is null ? 1 : 3); place++)
            {
                bool isOurs = _floorConnection is null || place == pair % 3;
                Segment(Load(isOurs), segmentSeconds, record: true);
                var measured = (_segment.ValueAtPercentile(50), _segment.ValueAtPercentile(99));
                if (isOurs) (ours50, ours99) = measured;
                else floors.Add(measured);
            }
            if (_floorConnection is null) continue;
            // A segment in which nothing answered gives no ratio; with fewer than ten pairs there is no verdict.
            if (ours50 == 0 || floors.Any(f => f.P50 == 0)) continue;
            _p50.Add(ours50, floors[0].P50, floors[1].P50);
            _p99.Add(ours99, floors[0].P99, floors[1].P99);
            progress(string.Create(CultureInfo.InvariantCulture, $"pair {pair + 1}/{_request.Pairs}: p50 ours {ours50:N0} floor {floors[0].P50:N0} ns, p99 ours {ours99:N0} floor {floors[0].P99:N0} ns"));
        }
        Wake(_host!, true);
        Linux.kill(_host!.Id, 15);
        long until = _clock.NowNs() + 15_000_000_000;
        while (!_host.HasExited && _clock.NowNs() < until) _venue.Poll();
        return new WireResult(_ours, _floor, _p50, _p99, _hiccups, _sent, _ourMoves, _floorMoves, _sent > 0 ? (double)_late / _sent : 1, Path.Combine(folder, "host.json"));
    }

    private (bool IsOurs, TickPattern Pattern, MulticastSender Sender) Load(bool ours) => ours ? (true, _hostPattern, _toHost) : (false, _floorPattern, _toFloor);

    /// <summary>One side for a while: a datagram at each intended time, the answer looked for between.</summary>
    private void Segment((bool IsOurs, TickPattern Pattern, MulticastSender Sender) side, double seconds, bool record)
    {
        if (_host is not null) Wake(_host, side.IsOurs);
        if (_floorProcess is not null) Wake(_floorProcess, !side.IsOurs);
        _segment.Reset();
        _oursNow = side.IsOurs;
        long periodNs = (long)(1e9 / _request.RateHz);
        long settleNs = _clock.NowNs() + 50_000_000;
        while (_clock.NowNs() < settleNs) Look(side.IsOurs);
        long start = _clock.NowNs() + periodNs, end = start + (long)(seconds * 1e9);
        long last = _clock.NowNs();
        _record = record;
        for (long intended = start; intended < end; intended += periodNs)
        {
            ReadOnlySpan<byte> packet = side.Pattern.Next();
            long now;
            while ((now = _clock.NowNs()) < intended)
            {
                _hiccups.Record(now - last);
                last = now;
                Answered(side.IsOurs);
            }
            if (now - intended > periodNs) _late++;
            if (side.Pattern.IsTrigger) Expect(intended, side.Pattern.IsUp);
            side.Sender.Send(packet);
            _sent++;
            Answered(side.IsOurs);
            last = _clock.NowNs();
        }
        long patience = _clock.NowNs() + 200_000_000;
        while (_waitingSince != 0 && _clock.NowNs() < patience) Answered(side.IsOurs);
        GiveUp();
    }

    /// <summary>
    /// A price move whose order is still due when the next is sent is a miss, recorded at the time it has taken so far, so that the tail keeps it. An answer to it that comes later is told by its
    /// side (the moves alternate, and so do the orders), the floor's by its count.
    /// </summary>
    private void Expect(long intended, bool up)
    {
        if (_waitingSince != 0) Miss();
        if (_record) Count(1, 0);
        _waitingSince = intended;
        _waitingFor = up ? Side.Buy : Side.Sell;
        if (!_oursNow) _floorMarks++;
    }

    private void Count(int expected, int missed)
    {
        ref MoveCount moves = ref _oursNow ? ref _ourMoves : ref _floorMoves;
        moves = new MoveCount(moves.Expected + expected, moves.Missed + missed);
    }

    private void GiveUp()
    {
        if (_waitingSince != 0) Miss();
        _waitingSince = 0;
    }

    private void Miss()
    {
        if (!_record) return;
        Count(0, 1);
        long soFar = _clock.NowNs() - _waitingSince;
        _segment.Record(soFar);
        (_oursNow ? _ours : _floor).Record(soFar);
    }

    private void Answered(bool ours)
    {
        long at = Look(ours);
        if (at == 0 || _waitingSince == 0) return;
        if (_record)
        {
            _segment.Record(at - _waitingSince);
            (ours ? _ours : _floor).Record(at - _waitingSince);
        }
        _waitingSince = 0;
    }

    /// <returns>When the answer to what is waited for came, or 0.</returns>
    private long Look(bool ours)
    {
        if (ours)
        {
            long before = _venue.Orders;
            _venue.Poll();
            return _venue.Orders != before && _venue.LastSide == _waitingFor ? _venue.LastOrderNs : 0;
        }
        int got = _floorConnection!.Receive(_answer, SocketFlags.None, out SocketError error);
        if (got <= 0 || error != SocketError.Success) return 0;
        long now = _clock.NowNs();
        _floorBytes += got;
        return _floorBytes >= _floorMarks * _orderBytes ? now : 0;
    }

    private void StartHost(string folder)
    {
        string desk = Path.Combine(folder, "desk.json");
        LatencyDesk.Write(desk, _request.Options, _hostPort, _venue.Port, duplicateWindowMilliseconds: 1);
        string session = Path.Combine(folder, "host");
        LatencyDesk.ForgetSession(session);
        _host = OwnExecutable.Start(["run", "--profile", _request.Profile.File, "--desk", desk, "--out", session, "--no-console", "--warm-up", "3", "--report", Path.Combine(folder, "host.json"), "--quiet"]);
    }

    private void StartFloor()
    {
        _floorListener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _floorListener.Listen(1);
        int port = ((IPEndPoint)_floorListener.LocalEndPoint!).Port;
        var start = new ProcessStartInfo(_request.Floor!) { UseShellExecute = false };
        foreach (string argument in new[] { Group, _floorPort.ToString(), "127.0.0.1", port.ToString(), _orderBytes.ToString(), _request.Profile.Hot.Core.ToString() }) start.ArgumentList.Add(argument);
        _floorProcess = Process.Start(start) ?? throw new IOException($"{_request.Floor}: was not started");
        _floorConnection = _floorListener.Accept();
        _floorConnection.NoDelay = true;
        _floorConnection.Blocking = false;
    }

    /// <summary>The length of the order that the appliance sends for this desk.</summary>
    private static int OrderBytes
    {
        get
        {
            var header = new FixHeaderTemplate("HEDGER", "RIG", microseconds: true);
            var encoder = new OrderEncoder(header, new SymbolTable([new InstrumentDefinition(0, TickPattern.Symbol, 10_000, 1, 100, 1, 1)]), "");
            var order = new OrderIntent { Kind = OrderRequestKind.New, Side = Side.Buy, TimeInForce = TimeInForce.ImmediateOrCancel, PriceUnits = 1_000_600, QuantityUnits = 200, ClientOrderId = 1_000_000_100 };
            return encoder.Encode(new byte[1024], in order, 1000, default(HostUtcClock).NowUtcNs());
        }
    }

    private void WaitForSession()
    {
        long until = _clock.NowNs() + 60_000_000_000;
        while (!_venue.IsUp)
        {
            _venue.Poll();
            if (_host!.HasExited) throw new IOException($"the host ended with exit code {_host.ExitCode} before it logged on");
            if (_clock.NowNs() > until) throw new IOException("the host did not log on within 60 seconds");
            Linux.SleepMicroseconds(200);
        }
        until = _clock.NowNs() + 300_000_000;
        while (_clock.NowNs() < until) _venue.Poll();
    }

    /// <summary>On two processors the measured thread has one and the generator the other.</summary>
    private int GeneratorCore()
    {
        int hot = _request.Profile.Hot.Core;
        return hot < 0 ? -1 : hot == 0 ? 1 : 0;
    }

    private static void Wake(Process process, bool run) => Linux.kill(process.Id, run ? 18 : 19); // SIGCONT, SIGSTOP

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    public void Dispose()
    {
        foreach (var process in new[] { _host, _floorProcess })
        {
            if (process is null) continue;
            if (!process.HasExited)
            {
                Wake(process, true);
                process.Kill();
                process.WaitForExit(2_000);
            }
            process.Dispose();
        }
        Composition.SessionFolder.Delete(Path.Combine(_request.OutFolder, "latency", "host"), LatencyDesk.Session);
        _floorConnection?.Dispose();
        _floorListener.Dispose();
        _toHost.Dispose();
        _toFloor.Dispose();
        _venue.Dispose();
    }
}
