using System.Globalization;
using System.Text.RegularExpressions;

namespace Appliance.Tests.Accelerator;

/// <summary>
/// Executes the assembly of a kernel as NVIDIA's "Parallel Thread Execution ISA" defines it, as far as our kernels use it: so that what a card would run can be tried without one. Threads of a group take turns from
/// barrier to barrier. An instruction that it does not know fails the test by name.
/// </summary>
internal sealed partial class PtxMachine
{
    private sealed record Instruction(string Predicate, bool IsNegated, string Operation, string[] Operands);

    private sealed class PtxThread(int registers)
    {
        public readonly ulong[] Registers = new ulong[registers];
        public int Index, At;
        public bool IsDone;
    }

    private readonly List<(string Name, int Bytes)> _parameters = [];
    private readonly List<Instruction> _code = [];
    private readonly Dictionary<string, int> _labels = [], _registers = [];
    private readonly Dictionary<string, byte[]> _arguments = [];
    private readonly byte[] _memory, _shared;
    private int _group, _groups, _groupSize;

    /// <param name="memory">The device's; a pointer is a place in it.</param>
    public PtxMachine(string text, byte[] memory, int sharedBytes)
    {
        (_memory, _shared) = (memory, new byte[sharedBytes]);
        string kernel = text[text.IndexOf(".entry", StringComparison.Ordinal)..];
        foreach (Match p in Parameter().Matches(kernel))
            _parameters.Add((p.Groups["name"].Value, p.Groups["length"].Success ? int.Parse(p.Groups["length"].ValueSpan) : p.Groups["type"].Value is "b32" or "f32" ? 4 : 8));
        foreach (string line in kernel[kernel.IndexOf('{')..].Split('\n').Select(l => l.Trim()))
        {
            if (line.EndsWith(':')) _labels[line[..^1]] = _code.Count;
            else if (Code().Match(line) is { Success: true } c)
                _code.Add(new Instruction(c.Groups["predicate"].Value, c.Groups["not"].Success, c.Groups["operation"].Value,
                    c.Groups["operands"].Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)));
        }
    }

    /// <summary>The host's turn: called after each word that a kernel releases to it.</summary>
    public Action? OnRelease { get; init; }

    /// <param name="arguments">In the kernel's order: int, double, a struct's bytes, or a view (where it begins, its length).</param>
    public void Launch(int groups, int groupSize, params object[] arguments)
    {
        Assert.Equal(_parameters.Count, arguments.Length);
        for (int i = 0; i < arguments.Length; i++)
        {
            byte[] bytes = arguments[i] switch
            {
                int n => BitConverter.GetBytes(n),
                double d => BitConverter.GetBytes(d),
                byte[] structure => structure,
                (int start, int length) => [.. BitConverter.GetBytes((long)start), .. BitConverter.GetBytes((long)length)],
                object other => throw new ArgumentException($"no argument of a kernel: {other}", nameof(arguments)),
            };
            Assert.Equal(_parameters[i].Bytes, bytes.Length);
            _arguments[_parameters[i].Name] = bytes;
        }
        (_groups, _groupSize) = (groups, groupSize);
        for (_group = 0; _group < groups; _group++)
        {
            // What another group left in shared memory is no zero.
            Array.Fill(_shared, (byte)0xCD);
            PtxThread[] threads = [.. Enumerable.Range(0, groupSize).Select(i => new PtxThread(4096) { Index = i })];
            while (threads.Any(t => !t.IsDone))
                foreach (PtxThread thread in threads)
                    if (!thread.IsDone) RunToBarrier(thread);
        }
    }

    private void RunToBarrier(PtxThread t)
    {
        while (true)
        {
            Instruction i = _code[t.At++];
            if (i.Predicate != "" && Read(t, i.Predicate) != 0 == i.IsNegated) continue;
            switch (i.Operation)
            {
                case "ret": t.IsDone = true; return;
                case "bar.sync": return;
                case "membar.sys": break;
                case "bra": case "bra.uni": t.At = _labels[i.Operands[0]]; break;
                case { } load when load.StartsWith("ld.", StringComparison.Ordinal): Load(t, load, i.Operands); break;
                case { } store when store.StartsWith("st.", StringComparison.Ordinal): Store(t, store, i.Operands); break;
                default: Set(t, i.Operands[0], Compute(t, i)); break;
            }
        }
    }

    private ulong Compute(PtxThread t, Instruction i)
    {
        string[] parts = i.Operation.Split('.'), o = i.Operands;
        string type = parts[^1];
        ulong a = Read(t, o[1]), b = o.Length > 2 ? Read(t, o[2]) : 0, c = o.Length > 3 ? Read(t, o[3]) : 0;
        switch (parts[0])
        {
            case "mov" or "cvta": return a;
            case "selp": return c != 0 ? a : b;
            case "setp": return Compare(parts[1], type, a, b) ? 1UL : 0;
            case "testp": Assert.Equal("finite", parts[1]); return double.IsFinite(D(a)) ? 1UL : 0;
            case "cvt": return Convert(i.Operation, a);
            case "not" when type == "pred": return a ^ 1;
            case "and": return a & b;
            case "or": return a | b;
            case "shl": return type == "b32" ? (uint)a << (int)b : a << (int)b;
            case "shr": return type switch { "s32" => (uint)((int)a >> (int)b), "u32" => (uint)a >> (int)b, "s64" => (ulong)((long)a >> (int)b), _ => a >> (int)b };
        }
        if (type is "f64" or "f32")
        {
            // Whoever leaves the rounding open is free to fuse: our kernels may not.
            if (parts[0] is "add" or "sub" or "mul" or "div" or "fma" or "rcp" or "sqrt") Assert.Equal("rn", parts[1]);
            if (type == "f64") return BitConverter.DoubleToUInt64Bits(OfDoubles(parts[0], D(a), D(b), D(c)));
            return BitConverter.SingleToUInt32Bits(OfFloats(parts[0], F(a), F(b), F(c)));
        }
        return i.Operation switch
        {
            "mul.lo.s64" or "mul.lo.u64" => a * b,
            "mad.lo.s64" or "mad.lo.u64" => a * b + c,
            "rem.s32" => (uint)((int)a % (int)b),
            "mul.wide.u32" => (ulong)(uint)a * (uint)b,
            "mul.lo.s32" or "mul.lo.u32" => (uint)a * (uint)b,
            "mad.lo.s32" => (uint)a * (uint)b + (uint)c,
            "add.s32" or "add.u32" => (uint)a + (uint)b,
            "sub.s32" or "sub.u32" => (uint)a - (uint)b,
            "add.s64" or "add.u64" => a + b,
            "sub.s64" or "sub.u64" => a - b,
            "div.s32" => (uint)((int)a / (int)b),
            "div.u32" => (uint)a / (uint)b,
            "min.s32" => (uint)Math.Min((int)a, (int)b),
            _ => throw new NotSupportedException(i.Operation),
        };
    }

    private static double OfDoubles(string name, double a, double b, double c) => name switch
    {
        "add" => a + b, "sub" => a - b, "mul" => a * b, "div" => a / b, "neg" => -a, "abs" => Math.Abs(a), "rcp" => 1 / a, "sqrt" => Math.Sqrt(a),
        "fma" => Math.FusedMultiplyAdd(a, b, c), "min" => double.MinNumber(a, b), "max" => double.MaxNumber(a, b), _ => throw new NotSupportedException(name),
    };

    private static float OfFloats(string name, float a, float b, float c) => name switch
    {
        "add" => a + b, "sub" => a - b, "mul" => a * b, "div" => a / b, "neg" => -a, "abs" => Math.Abs(a), "rcp" => 1 / a,
        "fma" => MathF.FusedMultiplyAdd(a, b, c), _ => throw new NotSupportedException(name),
    };

    /// <summary>A comparison that ends in u is true where a NaN takes part, any other false; ne alone is ordered, too.</summary>
    private static bool Compare(string relation, string type, ulong a, ulong b)
    {
        if (type is "f64" or "f32")
        {
            double x = type == "f64" ? D(a) : F(a), y = type == "f64" ? D(b) : F(b);
            if (double.IsNaN(x) || double.IsNaN(y)) return relation.Length == 3;
            return Ordered(relation[..2], x.CompareTo(y) is var order && x == y ? 0 : order);
        }
        int sign = type switch { "s32" => ((int)a).CompareTo((int)b), "u32" => ((uint)a).CompareTo((uint)b), "s64" => ((long)a).CompareTo((long)b), _ => a.CompareTo(b) };
        return Ordered(relation, sign);
    }

    private static bool Ordered(string relation, int sign) => relation switch
    {
        "eq" => sign == 0, "ne" => sign != 0, "lt" => sign < 0, "le" => sign <= 0, "gt" => sign > 0, "ge" => sign >= 0, _ => throw new NotSupportedException(relation),
    };

    private static ulong Convert(string operation, ulong a) => operation switch
    {
        "cvt.rzi.u8.f64" => (byte)D(a),
        "cvt.s32.u8" => (byte)a,
        "cvt.s8.s32" => (byte)a,
        "cvt.s32.s64" => (uint)a,
        "cvt.s64.s32" => (ulong)(int)a,
        "cvt.f64.f32" => BitConverter.DoubleToUInt64Bits(F(a)),
        "cvt.rn.f64.u32" => BitConverter.DoubleToUInt64Bits((uint)a),
        "cvt.rn.f64.s32" => BitConverter.DoubleToUInt64Bits((int)a),
        _ => throw new NotSupportedException(operation),
    };

    private void Load(PtxThread t, string operation, string[] o)
    {
        string[] parts = operation.Split('.');
        int bytes = parts[^1] is "b32" or "f32" or "s32" or "u32" ? 4 : 8;
        if (parts[1] == "param")
        {
            string[] place = o[1].Trim('[', ']').Split('+');
            Set(t, o[0], Word(_arguments[place[0]], place.Length > 1 ? int.Parse(place[1]) : 0, bytes));
            return;
        }
        Set(t, o[0], Word(Space(parts), Address(t, o[1]), bytes));
    }

    private void Store(PtxThread t, string operation, string[] o)
    {
        string[] parts = operation.Split('.');
        ulong value = Read(t, o[1]);
        int at = Address(t, o[0]);
        if (parts[^1] is "b32" or "f32" or "s32" or "u32") Assert.True(BitConverter.TryWriteBytes(Space(parts).AsSpan(at), (uint)value));
        else Assert.True(BitConverter.TryWriteBytes(Space(parts).AsSpan(at), value));
        if (parts[1] == "release") OnRelease?.Invoke();
    }

    private byte[] Space(string[] parts) => parts[1] switch { "shared" => _shared, "local" => throw new NotSupportedException("local memory"), _ => _memory };

    private int Address(PtxThread t, string operand)
    {
        string[] place = operand.Trim('[', ']').Split('+');
        return checked((int)Read(t, place[0]) + (place.Length > 1 ? int.Parse(place[1]) : 0));
    }

    private static ulong Word(byte[] from, int at, int bytes) => bytes == 4 ? BitConverter.ToUInt32(from, at) : BitConverter.ToUInt64(from, at);

    private ulong Read(PtxThread t, string operand)
    {
        if (operand.StartsWith("0d", StringComparison.Ordinal)) return ulong.Parse(operand.AsSpan(2), NumberStyles.HexNumber);
        if (operand.StartsWith("0f", StringComparison.Ordinal)) return uint.Parse(operand.AsSpan(2), NumberStyles.HexNumber);
        if (operand[0] != '%') return operand == "__dyn_shared_alloca" ? 0 : (ulong)long.Parse(operand, CultureInfo.InvariantCulture);
        return operand switch
        {
            "%tid.x" => (ulong)t.Index, "%ntid.x" => (ulong)_groupSize, "%ctaid.x" => (ulong)_group, "%nctaid.x" => (ulong)_groups, "%dynamic_smem_size" => (ulong)_shared.Length,
            _ => t.Registers[Register(operand)],
        };
    }

    private void Set(PtxThread t, string register, ulong value) => t.Registers[Register(register)] = value;

    private int Register(string name)
    {
        if (!_registers.TryGetValue(name, out int index)) _registers[name] = index = _registers.Count;
        return index;
    }

    private static double D(ulong bits) => BitConverter.UInt64BitsToDouble(bits);
    private static float F(ulong bits) => BitConverter.UInt32BitsToSingle((uint)bits);

    [GeneratedRegex(@"\.param (\.align \d+ )?\.(?<type>\w+) (?<name>\w+)(\[(?<length>\d+)\])?[,\s]")]
    private static partial Regex Parameter();
    [GeneratedRegex(@"^(@(?<not>!)?(?<predicate>%p\d+)\s+)?(?<operation>[a-z][a-z0-9]*(\.[a-z0-9]+)*)\b\s*(?<operands>[^;:]*);")]
    private static partial Regex Code();
}
