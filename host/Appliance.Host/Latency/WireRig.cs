using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
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

/// <summary>
/// What it found. Latencies are from the intended sending time of a price move to the arrival of the order's first bytes. <paramref name="Undisturbed"/> is the same over the slices in which the hypervisor took
/// at most <see cref="WireRig.StolenNsMax"/> of either core.
/// </summary>
internal sealed record WireResult(WireTally All, WireTally Undisturbed, HdrHistogram Hiccups, SideTimes OurTimes, SideTimes FloorTimes, string HostReport);

/// <summary>Where the time of one side's slices went: on the load generator's core and on the measured thread's.</summary>
internal readonly record struct SideTimes(CoreTime Generator, CoreTime Measured)
{
    public static SideTimes operator +(SideTimes a, SideTimes b) => new(a.Generator + b.Generator, a.Measured + b.Measured);
}

/// <summary>
/// The load generator of both: one pinned thread sends datagrams at their intended times (open loop), and looks for the answer's bytes between. The appliance and the C
/// floor take turns on the other core, a tenth of a second each: while one is measured, the other is stopped.
/// </summary>
internal sealed class WireRig : IDisposable
{
    /// <summary>Short beside the time between two stalls of a shared machine, so that one spoils few slices; at the usual load it holds forty orders.</summary>
    public const double SliceSeconds = 0.1;
    /// <summary>The same load before each slice, unrecorded: the program that begins finds its caches as the other left them.</summary>
    public const double SettleSeconds = 0.02;
    /// <summary>What the hypervisor may take of either core in an undisturbed slice: far below the stalls in question (milliseconds), far above what the account is wrong by (0.1 ms).</summary>
    public const long StolenNsMax = 500_000;
    /// <summary>A p99 of fewer is a maximum.</summary>
    private const int FewestOrdersUndisturbed = 200;
    private const string Group = "239.192.7.9";
    private readonly WireRequest _request;
    private readonly FillingVenue _venue;
    private readonly Socket _floorListener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly MulticastSender _toHost, _toFloor;
    private readonly int _hostPort, _floorPort;
    private readonly TickPattern _hostPattern, _floorPattern;
    private readonly byte[] _answer = GC.AllocateArray<byte>(65536, pinned: true);
    private readonly HdrHistogram _hiccups = new(10_000_000_000);
    private readonly WireTally _all, _undisturbed;
    private readonly List<long> _latenciesNs = new(1 << 16);
    private SideTimes _ourTimes, _floorTimes;
    private readonly HostMonotonicClock _clock = new();
    private Process? _host, _floorProcess;
    private Socket? _floorConnection;
    private MoveCount _moves;
    private long _sent, _late, _waitingSince, _recordFromNs, _floorMarks, _floorBytes;
    private Side _waitingFor;
    private readonly int _orderBytes = OrderBytes;
    private bool _oursNow;
    private int _hotThread;

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
        _all = new WireTally("wire to wire", 1);
        _undisturbed = new WireTally("wire to wire, undisturbed", FewestOrdersUndisturbed);
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
        _hotThread = ThreadNamed(_host!.Id, "hot");
        long until = _clock.NowNs() + 100_000_000;
        while (_clock.NowNs() < until) _venue.Poll();
        Stop(_host.Id, _hotThread);
        if (_floorProcess is not null) Stop(_floorProcess.Id, _floorProcess.Id);
        for (int i = 0; i < 10; i++) Slice(WirePlace.Ours, record: false);
        GC.Collect();
        int places = _floorConnection is null ? 1 : 3;
        int rounds = Math.Max(1, (int)Math.Round(_request.Seconds / _request.Pairs / (places * (SliceSeconds + SettleSeconds))));
        for (int pair = 0; pair < _request.Pairs; pair++)
        {
            for (int round = 0; round < rounds; round++)
                // Our place within a round rotates, so that no drift of the machine favours a place.
                for (int place = 0, floors = 0; place < places; place++)
                    Slice(place == round % places ? WirePlace.Ours : floors++ == 0 ? WirePlace.Floor : WirePlace.FloorAgain, record: true);
            EndPair(pair, progress);
        }
        Signal(_host, true);
        Linux.kill(_host.Id, 15);
        until = _clock.NowNs() + 15_000_000_000;
        while (!_host.HasExited && _clock.NowNs() < until) _venue.Poll();
        return new WireResult(_all, _undisturbed, _hiccups, _ourTimes, _floorTimes, Path.Combine(folder, "host.json"));
    }

    private void EndPair(int pair, Action<string> progress)
    {
        if (_floorConnection is null) return;
        _undisturbed.EndPair();
        if (!_all.EndPair()) throw new IOException("in a whole pair no price move was due to one side: raise --rate or --seconds, or lower --pairs or --order-every");
        progress(string.Create(CultureInfo.InvariantCulture, $"pair {pair + 1}/{_request.Pairs}: ratio so far p50 {_all.P50.Ratio.Median:F3} p99 {_all.P99.Ratio.Median:F3}, undisturbed {_undisturbed.P50.Ratio.Median:F3} and {_undisturbed.P99.Ratio.Median:F3} over {_undisturbed.Slices} of {_all.Slices} slices"));
    }

    /// <summary>One side for a moment: a datagram at each intended time, the answer looked for between. Nobody else of ours is on its core meanwhile.</summary>
    private void Slice(WirePlace place, bool record)
    {
        _oursNow = place == WirePlace.Ours;
        Process process = _oursNow ? _host! : _floorProcess!;
        int thread = _oursNow ? _hotThread : process.Id;
        TickPattern pattern = _oursNow ? _hostPattern : _floorPattern;
        MulticastSender sender = _oursNow ? _toHost : _toFloor;
        long periodNs = (long)(1e9 / _request.RateHz);
        _latenciesNs.Clear();
        (_moves, _sent, _late) = (default, 0, 0);
        ThreadTimes measuredBefore = ThreadTimes.OfStopped(process.Id, thread), ownBefore = ThreadTimes.OfThisThread();
        long begunNs = _clock.NowNs();
        Signal(process, true);

        long start = _clock.NowNs() + periodNs;
        _recordFromNs = start + (long)(SettleSeconds * 1e9);
        long end = _recordFromNs + (long)(SliceSeconds * 1e9), last = _clock.NowNs();
        for (long intended = start; intended < end; intended += periodNs)
        {
            ReadOnlySpan<byte> packet = pattern.Next();
            long now;
            while ((now = _clock.NowNs()) < intended)
            {
                _hiccups.Record(now - last);
                last = now;
                Answered();
            }
            if (intended >= _recordFromNs)
            {
                _sent++;
                if (now - intended > periodNs) _late++;
            }
            if (pattern.IsTrigger) Expect(intended, pattern.IsUp);
            sender.Send(packet);
            Answered();
            last = _clock.NowNs();
        }
        long patience = _clock.NowNs() + 200_000_000;
        while (_waitingSince != 0 && _clock.NowNs() < patience) Answered();
        if (_waitingSince != 0) Miss();
        _waitingSince = 0;

        long endedNs = _clock.NowNs();
        ThreadTimes own = ThreadTimes.OfThisThread() - ownBefore;
        Stop(process.Id, thread);
        var times = new SideTimes(CoreTime.Of(endedNs - begunNs, own), CoreTime.Of(endedNs - begunNs, ThreadTimes.OfStopped(process.Id, thread) - measuredBefore));
        if (!record) return;
        if (_oursNow) _ourTimes += times;
        else _floorTimes += times;
        var slice = new WireSlice(place, CollectionsMarshal.AsSpan(_latenciesNs), _moves, _sent, _late);
        _all.Add(in slice);
        if (times.Generator.StolenNs <= StolenNsMax && times.Measured.StolenNs <= StolenNsMax) _undisturbed.Add(in slice);
    }

    /// <summary>
    /// A price move whose order is still due when the next is sent is a miss, recorded at the time it has taken so far, so that the tail keeps it. An answer to it that comes later is told by its
    /// side (the moves alternate, and so do the orders), the floor's by its count.
    /// </summary>
    private void Expect(long intended, bool up)
    {
        if (_waitingSince != 0) Miss();
        if (intended >= _recordFromNs) _moves += new MoveCount(1, 0);
        _waitingSince = intended;
        _waitingFor = up ? Side.Buy : Side.Sell;
        if (!_oursNow) _floorMarks++;
    }

    private void Miss()
    {
        if (_waitingSince < _recordFromNs) return;
        _moves += new MoveCount(0, 1);
        _latenciesNs.Add(_clock.NowNs() - _waitingSince);
    }

    private void Answered()
    {
        long at = Look(_oursNow);
        if (at == 0 || _waitingSince == 0) return;
        if (_waitingSince >= _recordFromNs) _latenciesNs.Add(at - _waitingSince);
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

    private static void Signal(Process process, bool run) => Linux.kill(process.Id, run ? 18 : 19); // SIGCONT, SIGSTOP

    /// <summary>Stops a process and returns once the thread has left its core, so that its account is whole.</summary>
    private void Stop(int process, int thread)
    {
        Linux.kill(process, 19);
        long until = _clock.NowNs() + 1_000_000_000;
        string state;
        // The state follows the name in parentheses, which may hold anything.
        do state = File.ReadAllText($"/proc/{process}/task/{thread}/stat");
        while (state[state.LastIndexOf(')') + 2] != 'T' && _clock.NowNs() < until);
    }

    /// <summary>The measured thread of the host; of a host without one by that name, the process's first.</summary>
    private static int ThreadNamed(int process, string name)
    {
        foreach (string task in Directory.GetDirectories($"/proc/{process}/task"))
            if (File.ReadAllText(Path.Combine(task, "comm")).Trim() == name) return int.Parse(Path.GetFileName(task), CultureInfo.InvariantCulture);
        return process;
    }

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
                Signal(process, true);
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
