using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Appliance.Contract;

namespace Appliance.Host.Board;

/// <summary>Up to 127 bytes of UTF-8, zero-padded.</summary>
[InlineArray(128)]
internal struct BoardLine
{
    private byte _first;

    public void Set(string text)
    {
        Span<byte> bytes = this;
        bytes.Clear();
        Encoding.UTF8.TryGetBytes(text.Length > 120 ? text.AsSpan(0, 120) : text, bytes[..127], out _);
    }

    public readonly string Get()
    {
        ReadOnlySpan<byte> bytes = this;
        int end = bytes.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
    }
}

/// <summary>What a person asks of the running host, under his name.</summary>
internal struct OperatorRequest
{
    public OperatorCommand Command;
    public LimitKey Key;
    public double Value;
    /// <summary>Symbol or portfolio; empty for all.</summary>
    public BoardText Target;
    public BoardText Operator;
}

internal enum OperatorAnswer : int { None = 0, Done = 1, Refused = 2 }

/// <summary>
/// One request at a time in shared memory. A console takes the desk by its process number, writes, and raises <see cref="Posted"/>; the host's supervisor answers and
/// raises <see cref="Taken"/>. A console that died in between is pushed aside by the next.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct OperatorDesk
{
    public int Owner;
    public OperatorAnswer Answer;
    public long Posted;
    public long Taken;
    public OperatorRequest Request;
    public BoardLine Text;

    /// <returns>False when another living console has the desk.</returns>
    public bool TryPost(in OperatorRequest request, int process, Func<int, bool> isAlive)
    {
        int holder = Interlocked.CompareExchange(ref Owner, process, 0);
        if (holder != 0 && holder != process && (isAlive(holder) || Interlocked.CompareExchange(ref Owner, process, holder) != holder)) return false;
        // What a console that died left unanswered is not asked again.
        Volatile.Write(ref Taken, Volatile.Read(ref Posted));
        Request = request;
        Answer = OperatorAnswer.None;
        Volatile.Write(ref Posted, Posted + 1);
        return true;
    }

    public readonly bool IsAnswered => Volatile.Read(in Taken) == Volatile.Read(in Posted) && Answer != OperatorAnswer.None;

    public void Leave(int process) => Interlocked.CompareExchange(ref Owner, 0, process);

    /// <summary>The supervisor's side: a request that waits, if any.</summary>
    public readonly bool TryTake(out OperatorRequest request)
    {
        request = default;
        if (Volatile.Read(in Posted) == Volatile.Read(in Taken)) return false;
        request = Request;
        return true;
    }

    public void Reply(OperatorAnswer answer, string text)
    {
        Text.Set(text);
        Answer = answer;
        Volatile.Write(ref Taken, Posted);
    }
}
