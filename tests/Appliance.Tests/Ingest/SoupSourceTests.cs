using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Appliance.Contract;
using Appliance.Ingest.Soup;
using Appliance.TestKit;

namespace Appliance.Tests.Ingest;

/// <summary>A SoupBinTCP server played by the test, over real TCP on the loopback.</summary>
public sealed class SoupSourceTests : IDisposable
{
    private readonly EventCollector _collector = new();
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private SoupSource<EventCollector.Sink, HostMonotonicClock, HostUtcClock>? _source;

    public SoupSourceTests() => _listener.Start();

    public void Dispose()
    {
        _source?.Dispose();
        _listener.Dispose();
    }

    private SoupSource<EventCollector.Sink, HostMonotonicClock, HostUtcClock> Open(int handoverBytes = 1 << 16, int serverTimeoutMs = 15_000) => _source = new(
        new SoupOptions
        {
            Host = "127.0.0.1", Port = ((IPEndPoint)_listener.LocalEndpoint).Port, Username = "USER", Password = "PASS", HeartbeatMs = 50, ReconnectMs = 20,
            HandoverBytes = handoverBytes, ServerTimeoutMs = serverTimeoutMs,
        },
        Desk.Symbols("AAPL"), _collector.AsSink(), default, default);

    private async Task<NetworkStream> AcceptAsync()
    {
        TcpClient client = await _listener.AcceptTcpClientAsync(new CancellationTokenSource(10_000).Token);
        client.NoDelay = true;
        return client.GetStream();
    }

    private static async Task<string> ReadPacketAsync(NetworkStream stream)
    {
        var prefix = new byte[2];
        using var timeout = new CancellationTokenSource(10_000);
        await stream.ReadExactlyAsync(prefix, timeout.Token);
        var body = new byte[BinaryPrimitives.ReadUInt16BigEndian(prefix)];
        await stream.ReadExactlyAsync(body, timeout.Token);
        return Encoding.ASCII.GetString(body);
    }

    private static byte[] Accepted(string session, ulong sequence)
    {
        var packet = new byte[SoupPacket.LoginAcceptedLength];
        SoupPacket.WriteLoginAccepted(packet, session, sequence);
        return packet;
    }

    private static byte[] Packet(byte type, byte[] payload)
    {
        var packet = new byte[SoupPacket.HeaderLength + payload.Length];
        SoupPacket.Write(packet, type, payload);
        return packet;
    }

    private static byte[] Add(ulong reference) =>
        Packet(SoupPacket.Sequenced, WireBytes.Itch('A').N(8, reference).A("B").N(4, 100).A("AAPL", 8).N(4, 1).Done());

    private void PollUntil(Func<bool> done)
    {
        long deadline = Environment.TickCount64 + 10_000;
        while (!done() && Environment.TickCount64 < deadline)
        {
            if (_source!.Poll(16) == 0)
                Thread.Yield();
        }
        Assert.True(done(), "it did not happen in ten seconds");
    }

    private IEnumerable<ulong> References => _collector.Events.Where(e => e.Kind == EventKind.OrderAdded).Select(e => e.AsTick().Reference);

    [Fact]
    public async Task Logs_on_reads_reconnects_at_the_next_message_and_ends()
    {
        var source = Open();
        using (NetworkStream first = await AcceptAsync())
        {
            Assert.Equal("LUSER  PASS      " + new string(' ', 10) + "1".PadLeft(20), await ReadPacketAsync(first));
            await first.WriteAsync((byte[])[.. Accepted("S1", 1), .. Packet(SoupPacket.Debug, [1, 2]), .. Add(1), .. Add(2)]);
            // A packet in three pieces.
            byte[] third = Add(3);
            await first.WriteAsync(third.AsMemory(0, 1));
            await first.WriteAsync(third.AsMemory(1, 10));
            await first.WriteAsync(third.AsMemory(11));
            PollUntil(() => References.Count() == 3);
            Assert.True(source.IsUp);
        }
        PollUntil(() => source.Disconnects == 1);
        Assert.False(source.IsUp);
        using NetworkStream second = await AcceptAsync();
        string login = await ReadPacketAsync(second);
        Assert.Equal(("S1", "4"), (login[17..27].Trim(), login[27..47].Trim()));
        Assert.Equal("R", await ReadPacketAsync(second));
        // The server goes back one message further than asked.
        await second.WriteAsync((byte[])[.. Accepted("S1", 3), .. Add(3), .. Add(4), .. Packet(SoupPacket.ServerHeartbeat, []), .. Packet(SoupPacket.EndOfSession, [])]);
        PollUntil(() => source.Ended);
        Assert.Equal([1ul, 2, 3, 4], References);
        Assert.Equal(("soupbintcp", 1L, 0L, 0L), (source.Statistics.Kind, source.Statistics.Duplicates, source.Statistics.Gaps, source.Statistics.DecodeErrors));
        Assert.All(_collector.Events, e => Assert.True(e.IsDecideMark));
        Assert.Equal(1u, _collector.Events[0].AsTick().Detail);
    }

    [Fact]
    public async Task A_log_on_further_ahead_is_a_gap_and_another_session_a_reset()
    {
        var source = Open();
        using (NetworkStream first = await AcceptAsync())
            await first.WriteAsync((byte[])[.. Accepted("S1", 1), .. Add(1)]);
        PollUntil(() => source.Disconnects == 1);
        using (NetworkStream second = await AcceptAsync())
            await second.WriteAsync((byte[])[.. Accepted("S1", 5), .. Add(5)]);
        PollUntil(() => source.Disconnects == 2);
        using (NetworkStream third = await AcceptAsync())
            await third.WriteAsync((byte[])[.. Accepted("S2", 1), .. Add(1)]);
        PollUntil(() => source.Disconnects == 3);
        Assert.Equal(
            [EventKind.BookCleared, EventKind.OrderAdded, EventKind.FeedGap, EventKind.OrderAdded, EventKind.FeedReset, EventKind.BookCleared, EventKind.OrderAdded],
            _collector.Events.Select(e => e.Kind));
        Assert.Equal((1L, 3L, 1L), (source.Statistics.Gaps, source.Statistics.MissingMessages, source.Statistics.SequenceResets));
    }

    [Fact]
    public async Task A_refused_log_on_ends_the_source_with_the_reason()
    {
        var source = Open();
        using NetworkStream server = await AcceptAsync();
        await server.WriteAsync(Packet(SoupPacket.LoginRejected, [(byte)'A']));
        PollUntil(() => source.Ended);
        Assert.Contains($"reason (packet 0, {(int)'A'})", source.Statistics.FirstError);
    }

    [Fact]
    public async Task A_silent_server_is_left_and_tried_again()
    {
        var source = Open(serverTimeoutMs: 100);
        using NetworkStream silent = await AcceptAsync();
        using NetworkStream again = await AcceptAsync();
        PollUntil(() => source.Disconnects >= 1);
        Assert.False(source.Ended);
    }

    [Fact]
    public async Task More_than_the_handover_holds_arrives_whole()
    {
        var source = Open(handoverBytes: 1_024);
        using NetworkStream server = await AcceptAsync();
        const int count = 3_000;
        byte[] all = [.. Accepted("S1", 1), .. Enumerable.Range(1, count).SelectMany(i => Add((ulong)i))];
        Task writing = server.WriteAsync(all).AsTask();
        PollUntil(() => _collector.Events.Count == count + 1);
        await writing;
        Assert.Equal(Enumerable.Range(1, count).Select(i => (ulong)i), References);
        Assert.Equal(0, source.Statistics.DecodeErrors);
    }
}
