using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Appliance.Contract;
using Appliance.Ingest;
using Appliance.Ingest.Itch;
using Appliance.Ingest.Mold;
using Appliance.Ingest.Udp;

namespace Appliance.Perf;

/// <summary>
/// The verb `receive`: what a second line and a re-request server cost a datagram that is not lost. One thread sends a datagram over the loopback (to both lines, where there are two) and then polls once: by
/// <see cref="UdpSource{TSink,TClock,TUtc,TDecoder}"/>, by <see cref="RecoveringUdpSource{TSink,TClock,TUtc}"/> with one line and a server, and with two lines; in turn, block by block. To the event is from the poll's
/// begin to its publication; a poll is until it returns; an idle poll finds nothing.
/// </summary>
internal static class ReceiveCost
{
    private const int BlockPackets = 2_000;

    private sealed class Cost(string name, ITickSource source, params IPEndPoint[] lines) : IDisposable
    {
        private readonly UdpClient _sender = new();
        private readonly MoldPacketWriter _writer = new(MoldSession.Parse("RECEIVE"));
        private ulong _reference = 1;

        public string Name => name;

        /// <summary>Medians in nanoseconds over a block.</summary>
        public (double ToEvent, double Poll, double Idle) Block(long[] published, int packets)
        {
            var clock = default(HostMonotonicClock);
            long[] toEvent = new long[packets], poll = new long[packets], idle = new long[packets];
            for (int i = 0; i < packets; i++)
            {
                ItchEncoder.AddOrder(_writer.TryAppend(AddOrder.Length), 1, 0, 0, _reference++, 'B', 100, Symbol8.Parse("RCV"), 1_000_000);
                ReadOnlySpan<byte> packet = _writer.Finish().Span;
                foreach (IPEndPoint line in lines) _sender.Send(packet, line);
                long events = published[0], began = clock.NowNs();
                source.Poll(16);
                long ended = clock.NowNs();
                if (published[0] == events) throw new InvalidOperationException($"{name}: a datagram that was sent made no event");
                (toEvent[i], poll[i]) = (published[1] - began, ended - began);
                began = clock.NowNs();
                source.Poll(16);
                idle[i] = clock.NowNs() - began;
            }
            if (source.Statistics.Gaps != 0 || source.Statistics.DecodeErrors != 0 || source.Statistics.LineDuplicates != (lines.Length - 1) * (long)(_reference - 1))
                throw new InvalidOperationException($"{name}: {source.Statistics.Gaps} gaps, {source.Statistics.DecodeErrors} errors, {source.Statistics.LineDuplicates} repetitions");
            return (Median(toEvent), Median(poll), Median(idle));
        }

        private static double Median(long[] values)
        {
            Array.Sort(values);
            return values[values.Length / 2];
        }

        public void Dispose()
        {
            source.Dispose();
            _sender.Dispose();
        }
    }

    /// <summary>Counts in the first word, stamps in the second.</summary>
    private readonly struct StampingSink(long[] published, RingEvent[] slot) : IEventSink
    {
        public long RemainingCapacity => 1 << 20;
        public ref RingEvent Claim() => ref slot[0];

        public void Publish()
        {
            published[0]++;
            published[1] = default(HostMonotonicClock).NowNs();
        }
    }

    public static int Run(string[] args)
    {
        int pairs = 20, cpu = -1;
        for (int i = 0; i < args.Length; i++)
        {
            int Next(int least) => ++i < args.Length && int.TryParse(args[i], NumberStyles.None, CultureInfo.InvariantCulture, out int n) && n >= least ? n : throw new ArgumentException($"{args[i - 1]} wants a number of at least {least}");
            switch (args[i])
            {
                case "--pairs": pairs = Next(1); break;
                case "--cpu": cpu = Next(0); break;
                default: throw new ArgumentException($"there is no option '{args[i]}'");
            }
        }
        CpuPinning.PinThisThread(cpu);
        long[] published = new long[2];
        Cost[] costs = Open(published);
        try
        {
            foreach (Cost cost in costs) cost.Block(published, BlockPackets);
            var ratios = costs[1..].Select(c => new PairedRatio($"{c.Name}, to the event")).ToArray();
            var all = costs.Select(_ => new List<(double ToEvent, double Poll, double Idle)>()).ToArray();
            for (int pair = 0; pair < pairs; pair++)
            {
                var seen = new (double ToEvent, double Poll, double Idle)[costs.Length + 1];
                // The plain source runs twice; the order rotates.
                for (int i = 0; i < seen.Length; i++)
                {
                    int which = (i + pair) % seen.Length;
                    seen[which] = costs[which % costs.Length].Block(published, BlockPackets);
                }
                for (int i = 0; i < costs.Length; i++) all[i].Add(seen[i]);
                for (int i = 0; i < ratios.Length; i++) ratios[i].Add(seen[i + 1].ToEvent, seen[0].ToEvent, seen[^1].ToEvent);
            }
            for (int i = 0; i < costs.Length; i++)
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{costs[i].Name,-28} to the event {Middle(all[i], b => b.ToEvent),7:N0} ns, poll {Middle(all[i], b => b.Poll),7:N0} ns, idle poll {Middle(all[i], b => b.Idle),7:N0} ns"));
            foreach (PairedRatio ratio in ratios)
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{ratio.Name,-45} over the plain source's {ratio.Ratio.Median:F3} [{ratio.Ratio.Low:F3}, {ratio.Ratio.High:F3}], control {ratio.Control.Median:F3}{(ratio.ControlHolds ? "" : ": says nothing")}"));
            return 0;
        }
        finally
        {
            foreach (Cost cost in costs) cost.Dispose();
        }

        static double Middle(List<(double ToEvent, double Poll, double Idle)> blocks, Func<(double ToEvent, double Poll, double Idle), double> of) => blocks.Select(of).Order().ElementAt(blocks.Count / 2);
    }

    public static void Check()
    {
        long[] published = new long[2];
        foreach (Cost cost in Open(published))
            using (cost) cost.Block(published, 50);
    }

    private static Cost[] Open(long[] published)
    {
        var sink = new StampingSink(published, new RingEvent[1]);
        var symbols = new SymbolMap([new InstrumentDefinition(0, "RCV", 10_000, 1, 100, 1, 1)]);
        var line = new UdpOptions { Group = "127.0.0.1", Port = 0 };
        var plain = new UdpSource<StampingSink, HostMonotonicClock, HostUtcClock, MoldItchDecoder>(line, new MoldItchDecoder(symbols, new FeedOptions()), sink, default, default);
        // Nobody answers at that port, and nobody is asked: nothing is lost.
        var served = Recovering(null, new IPEndPoint(IPAddress.Loopback, 9));
        var doubled = Recovering(line, null);
        return [new Cost("one line", plain, plain.LocalEndPoint), new Cost("one line and a server", served, served.LocalEndPoint), new Cost("two lines", doubled, doubled.LocalEndPoint, doubled.SecondLocalEndPoint!)];

        RecoveringUdpSource<StampingSink, HostMonotonicClock, HostUtcClock> Recovering(UdpOptions? second, IPEndPoint? server) =>
            new(line, second, server, new MoldRecoveryOptions { HasServer = server is not null }, symbols, new FeedOptions(), sink, default, default);
    }
}
