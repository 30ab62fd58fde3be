using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Appliance.Contract;
using Appliance.Ingest;
using Appliance.Ingest.Mold;
using Appliance.Ingest.Udp;
using Appliance.TestKit;

namespace Appliance.Tests.Ingest;

/// <summary>Two lines and a re-request server over real sockets on the loopback. Each message is an order whose reference is its sequence number.</summary>
public sealed class RecoveringUdpSourceTests : IDisposable
{
    /// <summary>For a machine that is busy with other things.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    /// <summary>Longer than any test, so that only what should close a hole closes it.</summary>
    private const int NeverMs = 10_000;

    private readonly EventCollector _collector = new();
    private readonly UdpClient _sender = new();
    private readonly UdpClient _server = new(new IPEndPoint(IPAddress.Loopback, 0));

    public void Dispose()
    {
        _sender.Dispose();
        _server.Dispose();
    }

    private static byte[] Packet(ulong first, int messages = 1) =>
        WireBytes.Mold(first, [.. Enumerable.Range(0, messages).Select(i => WireBytes.Itch('A').N(8, first + (ulong)i).A("B").N(4, 100).A("AAPL", 8).N(4, 1).Done())]);

    private RecoveringUdpSource<EventCollector.Sink, HostMonotonicClock, HostUtcClock> Open(bool second, bool server, MoldRecoveryOptions options)
    {
        var line = new UdpOptions { Group = "127.0.0.1", Port = 0 };
        return new(line, second ? line : null, server ? (IPEndPoint)_server.Client.LocalEndPoint! : null, options, Desk.Symbols("AAPL"), new FeedOptions(), _collector.AsSink(), default, default);
    }

    private IEnumerable<ulong> Orders => _collector.Events.Where(e => e.Kind == EventKind.OrderAdded).Select(e => e.AsTick().Reference);

    private static void PollUntil(ITickSource source, Func<bool> done, string what)
    {
        var waited = Stopwatch.StartNew();
        while (!done())
        {
            Assert.True(waited.Elapsed < Patience, $"still not: {what}");
            if (source.Poll(64) == 0) Thread.Yield();
        }
    }

    private static IEnumerable<ulong> Through(ulong last) => Enumerable.Range(1, (int)last).Select(i => (ulong)i);

    /// <summary>The next question that came to the server, and who put it.</summary>
    private (MoldHeader Asked, IPEndPoint By) Question(ITickSource source)
    {
        PollUntil(source, () => _server.Available > 0, "a question at the server");
        IPEndPoint by = new(IPAddress.Any, 0);
        byte[] request = _server.Receive(ref by);
        Assert.Equal(MoldHeader.Length, request.Length);
        Assert.True(MoldHeader.TryRead(request, out MoldHeader asked));
        return (asked, by);
    }

    [Fact]
    public void A_lost_packet_is_asked_for_and_what_came_behind_it_waits()
    {
        using var source = Open(second: false, server: true, new MoldRecoveryOptions { HasServer = true, WaitMicroseconds = 0, TimeoutMilliseconds = NeverMs });
        _sender.Send(Packet(1), source.LocalEndPoint);
        // Messages 2 to 4 are lost.
        foreach (ulong sequence in new ulong[] { 5, 6, 7 }) _sender.Send(Packet(sequence), source.LocalEndPoint);
        var (asked, by) = Question(source);
        Assert.Equal((2UL, 3), (asked.Sequence, asked.MessageCount));
        PollUntil(source, () => source.Statistics.Packets >= 4, "all packets");
        Assert.Equal([1UL], Orders);

        _server.Send(Packet(2, messages: 3), by);
        PollUntil(source, () => Orders.Count() == 7, "the rest");
        Assert.Equal(Through(7), Orders);
        PollUntil(source, () => source.Statistics.GapsFilled == 1, "the hole's end");
        Assert.Equal((3L, 1L, 0L), (source.Statistics.MessagesRecovered, source.Statistics.RecoveryRequests, source.Statistics.Gaps));
        // Each packet is its own transaction, held or not.
        Assert.All(_collector.Events.Where(e => e.Kind == EventKind.OrderAdded && e.AsTick().Reference >= 4), e => Assert.True(e.IsDecideMark));
    }

    [Fact]
    public void A_dead_server_costs_its_attempts_and_then_the_gap_is_named()
    {
        using var source = Open(second: false, server: true, new MoldRecoveryOptions { HasServer = true, WaitMicroseconds = 0, TimeoutMilliseconds = 5, Attempts = 3 });
        // Nobody listens: the kernel answers each question that the port is unreachable.
        _server.Dispose();
        _sender.Send(Packet(1), source.LocalEndPoint);
        _sender.Send(Packet(3), source.LocalEndPoint);
        PollUntil(source, () => Orders.Count() == 2, "the packet behind the hole");
        Assert.Equal([1UL, 3UL], Orders);
        Assert.Equal((1L, 1L, 3L), (source.Statistics.Gaps, source.Statistics.MissingMessages, source.Statistics.RecoveryRequests));
        Assert.Contains(_collector.Events, e => e.Kind == EventKind.FeedGap);
        Assert.Equal((0L, null), (source.Statistics.DecodeErrors, source.Statistics.FirstError));
        // The feed goes on as if nobody had been asked.
        _sender.Send(Packet(4), source.LocalEndPoint);
        PollUntil(source, () => Orders.Last() == 4, "the next packet");
        Assert.Equal(3, source.Statistics.RecoveryRequests);
    }

    [Fact]
    public void Each_message_comes_once_from_whichever_line_has_it()
    {
        using var source = Open(second: true, server: false, new MoldRecoveryOptions { HasServer = false, TimeoutMilliseconds = NeverMs });
        const ulong last = 500;
        for (ulong i = 1; i <= last; i++)
        {
            // Each line loses what the other has, and most come by both; the second is a few packets behind.
            if (i % 5 != 0) _sender.Send(Packet(i), source.LocalEndPoint);
            if (i > 3 && i % 7 != 0 | i % 5 == 0) _sender.Send(Packet(i - 3), source.SecondLocalEndPoint!);
            if (i % 50 == 0) source.Poll(64);
        }
        for (ulong i = last - 10; i <= last; i++) _sender.Send(Packet(i), source.SecondLocalEndPoint!);
        // What both lost is sent late, by the second: reordered, not gone.
        foreach (ulong i in Through(last).Where(i => i % 5 == 0)) _sender.Send(Packet(i), source.SecondLocalEndPoint!);
        PollUntil(source, () => Orders.Count() >= (int)last, "every message");
        Assert.Equal(Through(last), Orders);
        Assert.Equal((0L, 0L), (source.Statistics.Gaps, source.Statistics.RecoveryRequests));
        PollUntil(source, () => source.Poll(64) == 0, "the last repetition");
        Assert.Equal(source.Statistics.Packets, (long)last + source.Statistics.LineDuplicates);
    }

    [Fact]
    public void A_server_that_answers_with_something_else_is_not_believed()
    {
        using var source = Open(second: false, server: true, new MoldRecoveryOptions { HasServer = true, WaitMicroseconds = 0, TimeoutMilliseconds = 50, Attempts = 1_000 });
        _sender.Send(Packet(1), source.LocalEndPoint);
        _sender.Send(Packet(4), source.LocalEndPoint);
        var (_, by) = Question(source);
        _server.Send(Packet(1), by);
        _server.Send(new byte[5], by);
        _server.Send(Packet(9), by);
        PollUntil(source, () => _server.Available > 0, "the question again");
        Assert.Equal([1UL], Orders);
        // A stranger's answer never reaches the connected socket.
        _sender.Send(Packet(2, messages: 2), by);
        _server.Send(Packet(2), by);
        PollUntil(source, () => Orders.Count() == 2, "the first half");
        _server.Send(Packet(3), by);
        PollUntil(source, () => Orders.Count() >= 4, "the rest");
        Assert.Equal(Through(4), Orders);
        Assert.Equal(0, source.Statistics.Gaps);
    }
}
