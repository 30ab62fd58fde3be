using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Net.Sockets;
using Appliance.Contract;

namespace Appliance.Ingest.Soup;

/// <summary>What the reading side tells the polling side.</summary>
internal enum SoupRecord { Message = 0, LoggedIn = 1, Disconnected = 2, EndOfSession = 3, Rejected = 4, Malformed = 5 }

/// <summary>
/// The TCP side of a SoupBinTCP client, on the thread pool: connects, logs on at the next message wanted, answers with heartbeats, reconnects, and hands every
/// sequenced message over. It may allocate and wait; the polling thread never does either.
/// </summary>
internal sealed class SoupConnection<TClock>(SoupOptions options, ByteHandover handover, TClock clock) : IDisposable
    where TClock : struct, IMonotonicClock
{
    private readonly CancellationTokenSource _stop = new();
    private ulong _nextSequence = options.FirstSequence;
    private string _session = options.Session;
    private long _lastReceivedMs;
    private bool _isOver;
    private Task _run = Task.CompletedTask;

    public void Start() => _run = Task.Run(RunAsync);

    private async Task RunAsync()
    {
        while (!_isOver && !_stop.IsCancellationRequested)
        {
            using var connection = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            try
            {
                await RunConnectionAsync(connection);
            }
            catch (Exception e) when (e is SocketException or IOException or OperationCanceledException)
            {
                // A lost connection is an everyday event: said below, and tried again.
            }
            if (_isOver || _stop.IsCancellationRequested)
                return;
            if (!await HandOverAsync(SoupRecord.Disconnected, default))
                return;
            await Task.Delay(options.ReconnectMs, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task RunConnectionAsync(CancellationTokenSource connection)
    {
        using var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(options.Host, options.Port, connection.Token);
        NetworkStream stream = client.GetStream();
        var login = new byte[SoupPacket.LoginRequestLength];
        SoupPacket.WriteLoginRequest(login, options.Username, options.Password, _session, _nextSequence);
        await stream.WriteAsync(login, connection.Token);
        Volatile.Write(ref _lastReceivedMs, Environment.TickCount64);
        Task heartbeats = HeartbeatAsync(stream, connection);
        try
        {
            await ReadAsync(PipeReader.Create(stream), connection.Token);
        }
        finally
        {
            await connection.CancelAsync();
            await heartbeats;
        }
    }

    private async Task HeartbeatAsync(NetworkStream stream, CancellationTokenSource connection)
    {
        var packet = new byte[SoupPacket.HeaderLength];
        SoupPacket.Write(packet, SoupPacket.ClientHeartbeat, []);
        try
        {
            while (true)
            {
                await Task.Delay(options.HeartbeatMs, connection.Token);
                if (Environment.TickCount64 - Volatile.Read(ref _lastReceivedMs) > options.ServerTimeoutMs)
                    break;
                await stream.WriteAsync(packet, connection.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or ObjectDisposedException)
        {
            // The connection is gone; the reader says so.
        }
        await connection.CancelAsync();
    }

    private async Task ReadAsync(PipeReader reader, CancellationToken cancellation)
    {
        while (!_isOver)
        {
            ReadResult result = await reader.ReadAsync(cancellation);
            long receivedNs = clock.NowNs();
            Volatile.Write(ref _lastReceivedMs, Environment.TickCount64);
            ReadOnlySequence<byte> left = result.Buffer;
            while (!_isOver && TryTakePacket(ref left, out ReadOnlySequence<byte> packet))
                await OnPacketAsync(packet, receivedNs);
            reader.AdvanceTo(left.Start, left.End);
            if (result.IsCompleted)
                return;
        }
    }

    private static bool TryTakePacket(ref ReadOnlySequence<byte> left, out ReadOnlySequence<byte> packet)
    {
        packet = default;
        if (left.Length < 2)
            return false;
        Span<byte> prefix = stackalloc byte[2];
        left.Slice(0, 2).CopyTo(prefix);
        int length = BinaryPrimitives.ReadUInt16BigEndian(prefix);
        if (left.Length < 2 + length)
            return false;
        packet = left.Slice(2, length);
        left = left.Slice(2 + length);
        return true;
    }

    private async ValueTask OnPacketAsync(ReadOnlySequence<byte> packet, long receivedNs)
    {
        if (packet.IsEmpty)
        {
            await HandOverAsync(SoupRecord.Malformed, default, receivedNs);
            return;
        }
        byte type = packet.FirstSpan[0];
        ReadOnlySequence<byte> payload = packet.Slice(1);
        switch (type)
        {
            case SoupPacket.Sequenced:
                _nextSequence++;
                await HandOverAsync(SoupRecord.Message, payload, receivedNs);
                break;
            case SoupPacket.LoginAccepted:
                await OnAcceptedAsync(payload, receivedNs);
                break;
            case SoupPacket.LoginRejected:
                _isOver = true;
                await HandOverAsync(SoupRecord.Rejected, payload, receivedNs);
                break;
            case SoupPacket.EndOfSession:
                _isOver = true;
                await HandOverAsync(SoupRecord.EndOfSession, default, receivedNs);
                break;
        }
    }

    private async ValueTask OnAcceptedAsync(ReadOnlySequence<byte> payload, long receivedNs)
    {
        var bytes = payload.ToArray();
        if (bytes.Length < SoupPacket.SessionLength + SoupPacket.SequenceLength
            || !SoupPacket.TryReadNumber(bytes.AsSpan(SoupPacket.SessionLength, SoupPacket.SequenceLength), out ulong sequence))
        {
            await HandOverAsync(SoupRecord.Malformed, default, receivedNs);
            return;
        }
        _nextSequence = sequence;
        _session = System.Text.Encoding.ASCII.GetString(bytes, 0, SoupPacket.SessionLength).Trim();
        await HandOverAsync(SoupRecord.LoggedIn, payload, receivedNs);
    }

    /// <summary>Waits while the polling side is behind; TCP then holds the server back. False when stopped meanwhile.</summary>
    private async ValueTask<bool> HandOverAsync(SoupRecord kind, ReadOnlySequence<byte> payload, long receivedNs = 0)
    {
        while (!TryHandOver(kind, payload, receivedNs))
        {
            if (_stop.IsCancellationRequested)
                return false;
            await Task.Delay(1, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        return true;
    }

    private bool TryHandOver(SoupRecord kind, ReadOnlySequence<byte> payload, long receivedNs)
    {
        if (payload.IsSingleSegment)
            return handover.TryWrite((int)kind, receivedNs, payload.FirstSpan);
        byte[] whole = ArrayPool<byte>.Shared.Rent((int)payload.Length);
        payload.CopyTo(whole);
        bool written = handover.TryWrite((int)kind, receivedNs, whole.AsSpan(0, (int)payload.Length));
        ArrayPool<byte>.Shared.Return(whole);
        return written;
    }

    public void Dispose()
    {
        _stop.Cancel();
        // The run ends at its next await; nobody needs its result.
        _run.ContinueWith(static (_, state) => ((CancellationTokenSource)state!).Dispose(), _stop, TaskScheduler.Default);
    }
}
