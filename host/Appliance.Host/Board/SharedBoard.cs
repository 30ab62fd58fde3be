using System.IO.MemoryMappedFiles;
using System.Runtime.CompilerServices;

namespace Appliance.Host.Board;

/// <summary>
/// The piece of shared memory between the host and its companions: the kill flag, the heartbeat, one command word, and the snapshot.
/// The host never waits for a reader; a reader that meets a writer tries again.
/// </summary>
internal sealed unsafe class SharedBoard : IDisposable
{
    private const long Magic = 0x3444_5242_4744_4548; // "HEDGBRD4"
    private const int KillOffset = 64, HeartbeatOffset = 128, CommandOffset = 192, AcknowledgedOffset = 256, SequenceOffset = 320, SnapshotOffset = 384;
    private static readonly int RequestOffset = (SnapshotOffset + sizeof(BoardSnapshot) + 63) & ~63;
    private static readonly int Size = RequestOffset + sizeof(OperatorDesk);

    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _memory;

    private SharedBoard(MemoryMappedFile file)
    {
        _file = file;
        _view = file.CreateViewAccessor(0, Size);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _memory);
    }

    /// <summary>Makes the board anew at <paramref name="path"/>: whoever opens that sees the old one or the new one, whole.</summary>
    public static SharedBoard Create(string path)
    {
        string beside = path + ".part";
        if (File.Exists(beside)) File.Delete(beside);
        var board = new SharedBoard(MemoryMappedFile.CreateFromFile(beside, FileMode.CreateNew, null, Size));
        new Span<byte>(board._memory, Size).Clear();
        *(int*)(board._memory + 8) = Environment.ProcessId;
        Volatile.Write(ref *(long*)board._memory, Magic);
        File.Move(beside, path, overwrite: true);
        return board;
    }

    /// <summary>Opens the board of a running host; null with the reason when there is none.</summary>
    public static SharedBoard? TryOpen(string path, out string? problem)
    {
        problem = null;
        // One look: the file may go between two.
        var file = new FileInfo(path);
        if (!file.Exists)
        {
            problem = $"{path}: there is no such file; is a host running with this output folder?";
            return null;
        }
        if (file.Length < Size)
        {
            problem = $"{path}: is no board of this version";
            return null;
        }
        SharedBoard board;
        try { board = new SharedBoard(MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, Size)); }
        catch (IOException e)
        {
            problem = $"{path}: cannot be opened: {e.Message}";
            return null;
        }
        if (Volatile.Read(ref *(long*)board._memory) == Magic) return board;
        board.Dispose();
        problem = $"{path}: is no board of this version";
        return null;
    }

    public int HostProcess => *(int*)(_memory + 8);

    /// <summary>The kill flag, for the gate's kill switch: any process that opened the board may set it.</summary>
    public Risk.KillSwitch Kill => new((int*)(_memory + KillOffset));
    public ref long Heartbeat => ref *(long*)(_memory + HeartbeatOffset);

    /// <summary>A command word: the count of commands in the high half, the command in the low.</summary>
    public void Post(Contract.OperatorCommand command)
    {
        ref long word = ref *(long*)(_memory + CommandOffset);
        long before;
        do { before = Volatile.Read(ref word); }
        while (Interlocked.CompareExchange(ref word, ((before >> 32) + 1) << 32 | (uint)command, before) != before);
    }

    /// <summary>The command posted last, if the host has not taken it yet.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryTake(out Contract.OperatorCommand command)
    {
        long word = Volatile.Read(ref *(long*)(_memory + CommandOffset));
        ref long taken = ref *(long*)(_memory + AcknowledgedOffset);
        command = default;
        if (word == taken) return false;
        taken = word;
        command = (Contract.OperatorCommand)(int)word;
        return true;
    }

    public bool CommandsTaken => Volatile.Read(ref *(long*)(_memory + CommandOffset)) == Volatile.Read(ref *(long*)(_memory + AcknowledgedOffset));

    /// <summary>Where a console puts a request and finds the answer.</summary>
    public ref OperatorDesk Requests => ref *(OperatorDesk*)(_memory + RequestOffset);

    /// <summary>Writes the snapshot. One writer.</summary>
    public void Publish(in BoardSnapshot snapshot)
    {
        ref long sequence = ref *(long*)(_memory + SequenceOffset);
        Volatile.Write(ref sequence, sequence + 1);
        Interlocked.MemoryBarrier();
        *(BoardSnapshot*)(_memory + SnapshotOffset) = snapshot;
        Volatile.Write(ref sequence, sequence + 1);
    }

    /// <summary>Copies the snapshot; false when a writer was in it every time.</summary>
    public bool TryRead(out BoardSnapshot snapshot)
    {
        ref long sequence = ref *(long*)(_memory + SequenceOffset);
        for (int i = 0; i < 100; i++)
        {
            long before = Volatile.Read(ref sequence);
            snapshot = *(BoardSnapshot*)(_memory + SnapshotOffset);
            Interlocked.MemoryBarrier();
            if ((before & 1) == 0 && before != 0 && Volatile.Read(ref sequence) == before) return true;
        }
        snapshot = default;
        return false;
    }

    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }
}
