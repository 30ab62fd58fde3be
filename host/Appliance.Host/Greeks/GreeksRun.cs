using System.Diagnostics;
using Appliance.Kernels;
using Appliance.Kernels.Ilgpu;
using Appliance.Kernels.ImpliedVolatility;
using Appliance.Kernels.Pricing;

namespace Appliance.Host.Greeks;

/// <summary>How the work ended.</summary>
internal sealed class GreeksCounts
{
    public long Rows, Priced, Bad, SolvedVolatilities;
    /// <summary>Rows that a device priced.</summary>
    public long OnDevice;
    public readonly long[] ByContract = new long[ColumnUse.ContractWords.Length], ByModel = new long[ColumnUse.ModelWords.Length];
    public string? FirstFault;
    public bool Interrupted;
}

/// <summary>
/// A file of contracts priced from front to back: cut lines, read rows, price them, lay results out, a block of rows at a time, so that memory stays the same
/// whatever the file's length. European options of a block go through the vector kernel together; everything else, and every row near a limit, is priced by itself.
/// </summary>
internal sealed class GreeksRun
{
    private const int RowsMax = 1024;
    /// <summary>A block ends early once its rows priced by themselves have taken a tenth of a second.</summary>
    private static readonly long SlowTicksMax = Stopwatch.Frequency / 10;

    private readonly ContractLines _lines;
    private readonly ContractRow _row;
    private readonly ResultLines _results;
    private readonly EuropeanBlock? _block;
    private readonly Func<bool> _isInterrupted;
    private readonly bool _hasDevice;

    private readonly int[] _idStart = new int[RowsMax], _idLength = new int[RowsMax], _slot = new int[RowsMax];
    private readonly long[] _lineNumber = new long[RowsMax];
    private readonly string?[] _fault = new string?[RowsMax];
    private readonly Sensitivities[] _single = new Sensitivities[RowsMax];
    private readonly double[] _impliedVolatility = new double[RowsMax];
    private int _count;
    private long _slowTicks;

    private GreeksRun(ContractLines lines, ContractColumns columns, Stream output, KernelWidth? batchWidth, IDevicePricing? device, Func<bool> isInterrupted)
    {
        _lines = lines;
        _row = new ContractRow(columns);
        _results = new ResultLines(output, columns.HasPrice);
        _block = batchWidth is { } width ? new EuropeanBlock(RowsMax, width, device) : null;
        _hasDevice = device is not null;
        _isInterrupted = isInterrupted;
    }

    public GreeksCounts Counts { get; } = new();

    /// <summary>Reads the header of a stream, and refuses what is no file of contracts. Nothing is written before that.</summary>
    public static (ContractLines Lines, ContractColumns Columns) Open(string name, Stream input, int bufferBytes = 2 * ContractLines.LineBytesMax)
    {
        var lines = new ContractLines(input, bufferBytes);
        lines.Fill();
        if (lines.IsUtf16) throw new Configuration.BadInputException($"{name}: is UTF-16; write it as UTF-8");
        if (lines.Next() != LineStep.Line) throw new Configuration.BadInputException($"{name}: is empty; its first line must be a header: {string.Join(',', ContractColumns.Names[..^1])}");
        return (lines, ContractColumns.Read(name, lines.Buffer, lines));
    }

    /// <param name="batchWidth">Registers of the vector kernel; null: every row by itself.</param>
    /// <param name="progress">Called after each block.</param>
    /// <param name="device">Takes the place of the vector kernel, with the same bits.</param>
    public static GreeksCounts Price(
        ContractLines lines, ContractColumns columns, Stream output, KernelWidth? batchWidth, Func<bool> isInterrupted, Action<GreeksCounts>? progress = null, IDevicePricing? device = null)
    {
        var run = new GreeksRun(lines, columns, output, batchWidth, device, isInterrupted);
        while (run.NextBlock()) progress?.Invoke(run.Counts);
        run._results.Flush();
        return run.Counts;
    }

    private bool NextBlock()
    {
        _count = 0;
        _block?.Clear();
        _slowTicks = 0;
        LineStep step = LineStep.Line;
        while (_count < RowsMax && _slowTicks < SlowTicksMax && !Counts.Interrupted)
        {
            step = _lines.Next();
            if (step != LineStep.Line) break;
            Take(_count++);
        }
        if (_block is { Count: > 0 }) _block.Evaluate();
        for (int i = 0; i < _count && !Counts.Interrupted; i++) LayOut(i);
        Counts.Interrupted |= _isInterrupted();
        if (step == LineStep.NeedsFill) _lines.Fill();
        return step != LineStep.End && !Counts.Interrupted;
    }

    private void Take(int i)
    {
        string? fault = _row.Read(_lines);
        (_idStart[i], _idLength[i], _slot[i], _impliedVolatility[i], _lineNumber[i]) = (_row.IdStart, _row.IdLength, -1, double.NaN, _lines.LineNumber);
        if (fault is null)
        {
            double volatility = _row[Column.Vol];
            if (_row.SolvesVolatility) fault = Solve(i, out volatility);
            if (fault is null && (_block is null || _row.Kind != ContractKind.European || _row.Model is not (ModelKind.BlackScholes or ModelKind.Black76) || (_slot[i] = _block.TryAdd(_row, volatility)) < 0))
                fault = PriceSingle(i, volatility);
            if (fault is null)
            {
                Counts.ByContract[(int)_row.Kind]++;
                Counts.ByModel[(int)_row.Model]++;
            }
        }
        _fault[i] = fault;
    }

    private string? PriceSingle(int i, double volatility)
    {
        _row.Fill(out var contract, out var model);
        model.Volatility = volatility;
        long start = Stopwatch.GetTimestamp();
        PricingStatus status = Pricer.Price(in contract, in model, out _single[i]);
        // Some of these take milliseconds: a whole block of them would keep an interruption and the progress waiting.
        _slowTicks += Stopwatch.GetTimestamp() - start;
        if (_isInterrupted()) Counts.Interrupted = true;
        return status == PricingStatus.Ok ? null : status.Describe();
    }

    private string? Solve(int i, out double volatility)
    {
        _row.Fill(out var contract, out var model);
        var status = ImpliedVolatilitySolver.Solve(in contract, in model, _row[Column.Price], out volatility);
        if (status != ImpliedVolatilityStatus.Ok) return status.Describe();
        _impliedVolatility[i] = volatility;
        Counts.SolvedVolatilities++;
        return null;
    }

    private void LayOut(int i)
    {
        Counts.Rows++;
        var id = _lines.Buffer.AsSpan(_idStart[i], _idLength[i]);
        if (_fault[i] is null && _slot[i] >= 0)
        {
            Sensitivities s = _block!.Result(_slot[i]);
            if (s.IsFinite)
            {
                Counts.Priced++;
                if (_hasDevice) Counts.OnDevice++;
                _results.Priced(id, in s, _impliedVolatility[i]);
                return;
            }
            _fault[i] = PricingStatus.OutOfRange.Describe();
        }
        if (_fault[i] is { } fault)
        {
            string reason = $"line {_lineNumber[i]}: {fault}";
            Counts.Bad++;
            Counts.FirstFault ??= reason;
            _results.Faulty(id, reason);
            return;
        }
        Counts.Priced++;
        _results.Priced(id, in _single[i], _impliedVolatility[i]);
    }
}
