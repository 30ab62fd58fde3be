using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Appliance.Contract;
using Appliance.Fix;

namespace Appliance.Perf.Fix;

/// <summary>
/// A resend request for everything, over loopback TCP: an acceptor whose store holds a million execution reports is started anew, a plain peer logs on, asks for all of them and reads. The peer checks
/// each message's frame and number. Timed from the request to the last message; what the resend adds to the process's resident memory is watched by a thread of its own.
/// </summary>
internal static class FixResend
{
    private const long StartUtcNs = 1_700_000_000_000_000_000;

    public static int Run(string[] arguments)
    {
        int messages = 1_000_000, runs = 3;
        string folder = "";
        for (int i = 0; i < arguments.Length; i++)
            if (arguments[i] == "--messages" && i + 1 < arguments.Length && int.TryParse(arguments[++i], out int n) && n > 0) messages = n;
            else if (arguments[i] == "--runs" && i + 1 < arguments.Length && int.TryParse(arguments[++i], out int r) && r > 0) runs = r;
            else if (arguments[i] == "--store" && i + 1 < arguments.Length) folder = arguments[++i];
            else throw new ArgumentException($"saw \"{arguments[i]}\", allowed is [--messages N] [--runs N] [--store FOLDER]");
        var inv = CultureInfo.InvariantCulture;
        for (int run = 0; run < runs; run++)
        {
            var result = Measure(messages, folder);
            Console.WriteLine(string.Create(inv, $"fix-resend  {messages:N0} messages of {result.Bytes / messages} bytes: {result.Seconds:F3} s, {messages / result.Seconds:N0} messages/s; opening the store {result.OpenSeconds:F3} s; resident memory {result.ResidentBefore >> 20} MiB before, at most {(result.ResidentPeak - result.ResidentBefore) / 1048576.0:F1} MiB more during; longest turn of the acceptor {result.LongestPollUs:F0} us; {result.AllocatedBytes} bytes allocated by its thread"));
        }
        return 0;
    }

    /// <summary>Tiny, with its answers looked at.</summary>
    public static void Check() => Measure(2_000, "");

    /// <summary>Seconds that a resend took: for the comparison.</summary>
    internal static double SecondsOf(int messages) => Measure(messages, "").Seconds;

    private readonly record struct Result(double Seconds, double OpenSeconds, long Bytes, long ResidentBefore, long ResidentPeak, double LongestPollUs, long AllocatedBytes);

    private static Result Measure(int messages, string folder)
    {
        string home = Path.Combine(folder != "" ? folder : Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"fix-resend-{Environment.ProcessId}");
        Directory.CreateDirectory(home);
        try
        {
            // Room for all of them: a record's head, the message, its place in the index, and the end of each segment that no message fits into.
            var store = new StoreOptions { Segments = Math.Clamp((int)(messages * 350L / (8 << 20)) + 4, 8, StoreOptions.SegmentsMax) };
            Fill(Path.Combine(home, "VENUE-PEER.fixstore"), store, messages);
            // What the filling left is given back before anything is measured.
            GC.Collect();
            return Resend(home, store, messages);
        }
        finally
        {
            Directory.Delete(home, recursive: true);
        }
    }

    /// <summary>Writes the reports as a session does whose counterparty is away.</summary>
    private static void Fill(string path, StoreOptions options, int messages)
    {
        using var store = new SequenceStore(path, options);
        var header = new FixHeaderTemplate("VENUE", "PEER", microseconds: true);
        var symbols = new SymbolTable([new InstrumentDefinition(0, "AAPL", 10_000, 1, 100, 1, 1.0)]);
        for (int i = 0; i < messages; i++)
        {
            var report = new ExecutionReportMessage
            {
                OrderId = (ulong)i + 1, ExecutionId = (ulong)i + 1, ClientOrderId = FixText.FromNumber(1_000_000_000_000ul + (ulong)i), Side = Side.Buy, Kind = ExecutionKind.Trade, Status = OrderStatus.Filled,
                OrderQuantityUnits = 100, PriceUnits = 1_000_000, LastQuantityUnits = 100, LastPriceUnits = 1_000_000, CumulativeQuantityUnits = 100, AveragePriceUnits = 1_000_000, TransactTimeUtcNs = StartUtcNs,
            };
            int length = ReportEncoder.ExecutionReport(store.NextBuffer(), header, symbols, in report, store.NextOutgoing, StartUtcNs);
            store.Commit(length, FixMsgType.ExecutionReport, default, StartUtcNs);
            // The segments are to be made in the background, as they are at any real rate, and not taken again because this loop outran it.
            while (store.SegmentsAhead == 0 && store.SegmentCount < options.Segments)
            {
                if (store.GrowthError != 0) throw new IOException($"{path}: no further segment: errno {store.GrowthError}");
                Thread.Yield();
            }
        }
        if (store.RecycledEarly > 0 || !store.TryGet(1, out _, out _, out _)) throw new InvalidOperationException("the store did not keep all messages");
    }

    private static Result Resend(string home, StoreOptions store, int messages)
    {
        using var acceptor = new FixSessionAcceptor<Application>(new FixAcceptorOptions { CompId = "VENUE", StoreDirectory = home, Store = store, SendingTimeToleranceSeconds = 0 }, default);
        long longest = 0, allocated = 0;
        bool measuring = false, done = false;
        var serving = new Thread(() =>
        {
            long before = 0;
            while (!Volatile.Read(ref done))
            {
                long start = Stopwatch.GetTimestamp();
                acceptor.Poll(start, StartUtcNs + start);
                if (!Volatile.Read(ref measuring)) continue;
                if (before == 0) before = GC.GetAllocatedBytesForCurrentThread();
                longest = Math.Max(longest, Stopwatch.GetTimestamp() - start);
            }
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }) { Name = "acceptor" };
        serving.Start();
        try
        {
            using var peer = new Peer(acceptor.Port);
            peer.Send("35=A|49=PEER|56=VENUE|34=1|52=20231114-22:13:20.000|98=0|108=0|");
            // The store is opened by the first logon.
            var opening = Stopwatch.StartNew();
            uint logon = peer.Next(out _);
            double openSeconds = opening.Elapsed.TotalSeconds;
            if (logon != messages + 1) throw new InvalidOperationException($"the logon bears number {logon}, not {messages + 1}");
            // A short answer first, so that no code is compiled in the long one.
            uint warm = (uint)Math.Min(messages, 2_000);
            peer.Send($"35=2|49=PEER|56=VENUE|34=2|52=20231114-22:13:20.000|7=1|16={warm}|");
            for (uint number = 1; number <= warm; number++) peer.Next(out _);
            long before = Resident(), peak = before;
            using var watched = new ManualResetEventSlim();
            var watcher = new Thread(() =>
            {
                while (!watched.Wait(2)) peak = Math.Max(peak, Resident());
            });
            watcher.Start();
            Volatile.Write(ref measuring, true);
            var time = Stopwatch.StartNew();
            peer.Send($"35=2|49=PEER|56=VENUE|34=3|52=20231114-22:13:20.000|7=1|16={messages}|");
            long bytes = 0;
            for (uint number = 1; number <= messages; number++)
            {
                uint got = peer.Next(out int length);
                if (got != number) throw new InvalidOperationException($"number {got} came in the place of {number}");
                bytes += length;
            }
            double seconds = time.Elapsed.TotalSeconds;
            watched.Set();
            watcher.Join();
            Volatile.Write(ref done, true);
            serving.Join();
            if (acceptor.Counters(0).MessagesResent != messages + warm) throw new InvalidOperationException($"{acceptor.Counters(0).MessagesResent} messages were resent");
            return new Result(seconds, openSeconds, bytes, before, peak, longest * 1e6 / Stopwatch.Frequency, allocated);
        }
        finally
        {
            Volatile.Write(ref done, true);
            serving.Join();
        }
    }

    /// <summary>The process's resident memory, mapped files included.</summary>
    private static long Resident()
    {
        string[] pages = File.ReadAllText("/proc/self/statm").Split(' ');
        return long.Parse(pages[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize;
    }

    /// <summary>A FIX peer of plain bytes: it frames, checks the checksum, reads the number, and keeps nothing.</summary>
    private sealed class Peer : IDisposable
    {
        private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        private readonly byte[] _held = new byte[1 << 20];
        private int _start, _end;

        public Peer(int port)
        {
            _socket.ReceiveTimeout = 60_000;
            _socket.Connect(IPAddress.Loopback, port);
        }

        public void Send(string body)
        {
            string fields = body.Replace('|', '\u0001'), text = $"8=FIX.4.4\u00019={fields.Length}\u0001{fields}";
            _socket.Send(System.Text.Encoding.ASCII.GetBytes($"{text}10={text.Sum(c => c) % 256:000}\u0001"));
        }

        public uint Next(out int length)
        {
            while (true)
            {
                var held = _held.AsSpan(_start, _end - _start);
                var status = FixFramer.Next(held, _held.Length / 2, out length);
                if (status == FrameStatus.Complete)
                {
                    _start += length;
                    int at = held.IndexOf("\u000134="u8) + 4;
                    FixNumber.TryParseUnsigned(held[at..(at + held[at..].IndexOf((byte)1))], out uint number);
                    return number;
                }
                if (status != FrameStatus.NeedMore) throw new InvalidOperationException($"the stream is {status}");
                if (_start > 0)
                {
                    held.CopyTo(_held);
                    (_start, _end) = (0, held.Length);
                }
                int got = _socket.Receive(_held, _end, _held.Length - _end, SocketFlags.None);
                if (got == 0) throw new InvalidOperationException("the acceptor closed the connection");
                _end += got;
            }
        }

        public void Dispose() => _socket.Dispose();
    }

    private readonly struct Application : IFixApplication
    {
        public byte[]? OnLogon(int session, in FixHeader header, ReadOnlySpan<byte> message) => null;
        public void OnSessionUp(int session) { }
        public void OnSessionDown(int session, FixDownReason reason) { }
        public void OnMessage(int session, in FixHeader header, ReadOnlySpan<byte> message) { }
    }
}
